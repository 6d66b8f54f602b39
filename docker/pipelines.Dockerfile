# The pipelines, the commands of steps/, and the servers of MLflow, ZenML and Feast that compose starts: all of the lock
# but the tools of development. `make images` builds it, docs/deployment.md says how it is run.
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
RUN uv sync --locked --no-dev --group cluster && find .venv -name __pycache__ -prune -exec rm -r {} + \
    && find .venv -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
COPY feature_repo feature_repo
COPY serving serving
COPY steps steps
COPY pipelines pipelines
COPY zenml_config zenml_config
RUN .venv/bin/python zenml_config/environment.py install \
    && PYTHONPYCACHEPREFIX=/app/bytecode python -O -m compileall -q -j 0 --invalidation-mode unchecked-hash \
         -x '/(test|tests|idlelib|lib2to3|ensurepip|tkinter|turtledemo|site-packages/pip)/' /usr/local/lib/python3.12 /app \
    && mkdir -p /image/etc /image/house-prices && cp /etc/passwd /etc/group /image/etc/ \
    && echo 'house-prices:x:10001:10001::/tmp:/usr/sbin/nologin' >> /image/etc/passwd \
    && echo 'house-prices:x:10001:' >> /image/etc/group \
    && find /app /image -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

FROM ${BASE}
ARG BASE
ARG VERSION=unknown REVISION=unknown CREATED=unknown
LABEL org.opencontainers.image.title="house-price-pipelines" \
      org.opencontainers.image.description="The pipelines that make, judge and deploy the models of house prices" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="$BASE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
COPY --from=build /image/etc/ /etc/
COPY --from=build --chown=10001:10001 /image/house-prices/ /var/lib/house-prices/
COPY --from=build /app /app
WORKDIR /app
# /tmp is the one place beside the volume that is written to.
ENV PATH=/app/.venv/bin:$PATH PYTHONOPTIMIZE=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPYCACHEPREFIX=/app/bytecode \
    HPP_VAR_DIR=/var/lib/house-prices HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
USER 10001:10001
VOLUME /var/lib/house-prices
CMD ["zenml", "pipeline", "run", "--help"]
