"""All pipelines on all production backends at once, by settings only: zenml_config/production.env.

Redis, PostgreSQL, MariaDB and an S3 server (moto's), each a process or thread of the test's own on a free port.
"""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
import redis

from tests.mariadb_server import PASSWORD, USER, MariaDB, mariadb_server
from tests.ports import free_port
from tests.postgres_server import Postgres, running_postgres
from tests.redis_server import redis_server
from tests.s3_server import BUCKET, S3, s3_server
from tests.small_demo import small_configuration
from zenml_config.environment import ROOT

LOCAL_STORES = (".db", ".db-wal", ".parquet", ".gzip", "MLmodel")  # endings of what the embedded defaults keep
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "CI")  # of the test's own environment


@dataclass(frozen=True)
class Backends:
    """The running servers, and the environment of a process that is to use them."""

    environment: dict[str, str]
    var: Path
    redis_port: int
    postgres: Postgres
    mariadb: MariaDB
    s3: S3


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    folder = tmp_path_factory.mktemp("backends")
    with contextlib.ExitStack() as stack:
        redis_port = stack.enter_context(redis_server(folder))
        postgres = stack.enter_context(running_postgres())
        mariadb = stack.enter_context(mariadb_server())
        s3 = stack.enter_context(s3_server())
        for database in ("feast", "mlflow"):
            postgres.make(database)
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | s3.environment
        environment |= {
            "HPP_ENVIRONMENT_FILE": str(ROOT / "zenml_config" / "production.env"),
            "HPP_REDIS": f"127.0.0.1:{redis_port}",
            "HPP_POSTGRES": f"postgres:@127.0.0.1:{postgres.port}",
            "HPP_MARIADB": f"{USER}:{PASSWORD}@127.0.0.1:{mariadb.port}",
            "HPP_BUCKET": BUCKET,
            "HPP_VAR_DIR": str(folder / "var"),
            "HPP_ROOT": str(small_configuration(folder / "root")),
            "HPP_FEATURE_REPO": str(ROOT / "feature_repo"),
        }
        environment |= {f"HPP_{name}_PORT": str(free_port()) for name in ("REST", "METRICS", "GRPC")}
        yield Backends(environment, folder / "var", redis_port, postgres, mariadb, s3)
        run(environment, "-m", "serving.server", "stop")


def run(environment: dict[str, str], *arguments: str) -> str:
    """What a command of the platform says; it must succeed."""
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


def ask(backends: Backends, names: list[str], rows: list[list[float]]) -> Any:
    """The service's reply."""
    key = (backends.var / "demo-api-key").read_text().strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{backends.environment['HPP_REST_PORT']}/api/v1.0/predictions",
        json.dumps({"data": {"names": names, "ndarray": rows}}).encode(),
        {"Content-Type": "application/json", "X-API-Key": key},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310  # our own address
        return json.load(reply)


@pytest.mark.integration
@pytest.mark.backends
def test_the_demo_runs_on_all_backends_and_leaves_nothing_of_them_on_the_machine(backends: Backends) -> None:
    screen = run(backends.environment, "-m", "pipelines.demo")
    assert "506 houses in Feast (506 new)" in screen
    assert "house-price version 1, alias champion" in screen
    holds_what_each_backend_has(backends)
    there = {str(path.relative_to(backends.var)) for path in backends.var.rglob("*") if path.is_file()}
    stores = {name for name in there if name.endswith(LOCAL_STORES)}
    assert {name for name in stores if not name.startswith(("run/", "feast/copies/"))} == set()
    by_id = ask(backends, ["house_id"], [[17], [42]])
    assert by_id["meta"]["tags"]["version"] == "1"
    receipt = by_id["meta"]["tags"]["receipt"]
    replayed = run(backends.environment, "-m", "serving.replay", receipt)
    assert str(by_id["data"]["ndarray"][0][0])[:6] in replayed


def holds_what_each_backend_has(backends: Backends) -> None:
    with psycopg.connect(host="127.0.0.1", port=backends.postgres.port, user="postgres", dbname="feast") as feast:
        services = {name for (name,) in feast.execute("SELECT feature_service_name FROM feature_services")}
    assert services == {"house_price_features", "house_price_training", "house_price_v1"}
    with psycopg.connect(host="127.0.0.1", port=backends.postgres.port, user="postgres", dbname="mlflow") as mlflow:
        aliases = mlflow.execute("SELECT alias, version FROM registered_model_aliases").fetchall()
    assert aliases == [("champion", 1)]
    with (
        pymysql.connect(
            host="127.0.0.1", port=backends.mariadb.port, user=USER, password=PASSWORD, database="zenml"
        ) as zenml,
        zenml.cursor() as cursor,
    ):
        cursor.execute("SELECT status, count(*) FROM pipeline_run GROUP BY status")
        assert cursor.fetchall() == (("completed", 3),)
    with redis.Redis(port=backends.redis_port) as client:
        assert client.dbsize() > 506 / 100
    for prefix in ("mlflow/", "zenml/", "feast/house_features.parquet/part-", "feast/house_target.parquet/part-"):
        assert backends.s3.names(prefix), prefix
