# The Seldon service: docker build -f docker/serving.Dockerfile -t house-price-serving .
# Run it on a bundle and a Feast registry that are mounted under /var/lib/house-prices, as a run leaves them under var/:
#   docker run -p 9000:9000 -p 9001:9001 -p 9500:9500 -v "$PWD/var:/var/lib/house-prices" house-price-serving --bundle /var/lib/house-prices/models/v1
FROM python:3.12-slim
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock .python-version ./
RUN uv sync --locked --no-dev --no-cache --compile-bytecode
COPY feature_repo feature_repo
COPY serving serving
COPY zenml_config zenml_config
RUN .venv/bin/python zenml_config/environment.py install && useradd --uid 10001 --no-create-home house-prices
ENV HPP_VAR_DIR=/var/lib/house-prices HPP_HOST=0.0.0.0 PATH=/app/.venv/bin:$PATH
USER house-prices
EXPOSE 9000 9001 9500
HEALTHCHECK --start-period=60s CMD ["python", "-S", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9000/health/ready', timeout=3)"]
ENTRYPOINT ["python", "-O", "-m", "serving.server", "run"]
