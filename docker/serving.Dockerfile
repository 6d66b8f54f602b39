# The Seldon service, and nothing that it does not import. `make images` builds it, docs/deployment.md says how it is run.
# A digest pins it: --build-arg BASE=python:3.12-slim@sha256:…
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
# The time of every file that is made here, in seconds since 1970: the same sources give the same layers.
ARG SOURCE_DATE_EPOCH=315532800
ENV UV_NO_CACHE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
WORKDIR /app
COPY docker/uv.txt docker/
RUN pip install --no-cache-dir --require-hashes --requirement docker/uv.txt && rm -r docker
COPY pyproject.toml uv.lock .python-version ./
# uvloop and its like are for `feast serve`.
RUN uv sync --locked --only-group serving --no-install-package uvloop --no-install-package httptools \
      --no-install-package watchfiles --no-install-package websockets \
    && find .venv -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
# What a server never opens: Feast's web page, Arrow's RPC, test suites, headers.
WORKDIR /app/.venv/lib/python3.12/site-packages
RUN rm -r feast/ui pandas/tests pyarrow/*flight* pyarrow/tests pyarrow/include pyarrow/src \
    && find scipy numpy -type d -name tests -prune -exec rm -r {} + \
    && find . -name __pycache__ -prune -exec rm -r {} +
WORKDIR /app
COPY feature_repo feature_repo
COPY serving serving
COPY zenml_config/__init__.py zenml_config/environment.py zenml_config/local.env zenml_config/compose.env zenml_config/
# All that a start imports is there; a missing package ends the build.
COPY docker/check_imports.py docker/
RUN .venv/bin/python zenml_config/environment.py install \
    && HPP_VAR_DIR=/tmp/var .venv/bin/python docker/check_imports.py \
    && rm -r docker
# Bytecode of the standard library too, which the base image leaves out; it lies apart from the sources.
RUN PYTHONPYCACHEPREFIX=/app/bytecode python -O -m compileall -q -j 0 --invalidation-mode unchecked-hash \
         -x '/(test|tests|idlelib|lib2to3|ensurepip|tkinter|turtledemo|site-packages/pip)/' /usr/local/lib/python3.12 /app \
    && rm pyproject.toml uv.lock .python-version \
    && mkdir -p /image/etc && cp /etc/passwd /etc/group /image/etc/ \
    && echo 'house-prices:x:10001:10001::/nonexistent:/usr/sbin/nologin' >> /image/etc/passwd \
    && echo 'house-prices:x:10001:' >> /image/etc/group \
    && mkdir /image/house-prices \
    && find /app /image -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

FROM ${BASE}
ARG BASE
ARG VERSION=unknown REVISION=unknown CREATED=unknown
LABEL org.opencontainers.image.title="house-price-serving" \
      org.opencontainers.image.description="House prices over Seldon's protocol, REST and gRPC" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="$BASE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
COPY --from=build /image/etc/ /etc/
COPY --from=build --chown=10001:10001 /image/house-prices/ /var/lib/house-prices/
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONOPTIMIZE=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPYCACHEPREFIX=/app/bytecode \
    HPP_VAR_DIR=/var/lib/house-prices HPP_HOST=0.0.0.0
# By number, so that a cluster can see that it is not root.
USER 10001:10001
EXPOSE 9000 9001 9002 9500
VOLUME /var/lib/house-prices
HEALTHCHECK --start-period=60s --interval=10s --timeout=5s \
  CMD ["python", "-S", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('HPP_REST_PORT', 9000)}/health/ready\", timeout=3)"]
ENTRYPOINT ["python", "-m", "serving.server", "run"]
