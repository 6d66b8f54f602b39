"""Real servers that go away in the middle of the work and come back: what callers see, and what is left behind."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from serving import service
from serving.contract import HOUSE_FEATURES, HOUSE_TARGET
from serving.settings import Settings, read_settings
from steps import register
from steps.core.errors import DataError
from steps.feature_store.definitions import apply_definitions
from steps.feature_store.history_parts import parts
from steps.feature_store.offline_store import history_path
from steps.models.registry import champion_version, versions
from steps.publish_features import publish
from steps.tracking.runs import mlflow_client
from tests.houses import boston, publication
from tests.mariadb_server import mariadb_server
from tests.online_store import fill
from tests.ports import free_port
from tests.postgres_server import Postgres, running_postgres
from tests.redis_server import redis_server
from tests.s3_server import BUCKET, S3, s3_server
from tests.serving_platform import ServingPlatform
from tests.steps.test_register import trained
from zenml_config.environment import ROOT

PATIENCE_S = 60


class Caller(threading.Thread):
    """Asks the service for one house after the other until it is ended, and keeps what it was answered."""

    def __init__(self, started: service.Service, key: str) -> None:
        super().__init__()
        self._service, self._headers = started, {"Content-Type": "application/json", "X-API-Key": key}
        self._ended = threading.Event()
        self.answers: list[tuple[int, str | None]] = []
        self.start()

    def run(self) -> None:
        """Ask."""
        house = 0
        while not self._ended.is_set():
            house = (house + 1) % 500
            self.answers.append(self.ask({"names": ["house_id"], "ndarray": [[house]]}))

    def ask(self, data: dict[str, object]) -> tuple[int, str | None]:
        """The status of the answer, and its Retry-After."""
        connection = http.client.HTTPConnection(self._service.host, self._service.port, timeout=30)
        connection.request("POST", "/api/v1.0/predictions", json.dumps({"data": data}), self._headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status, response.headers.get("Retry-After")

    def wait_for(self, status: int) -> None:
        """Return once an answer from now on has the status."""
        seen, end = len(self.answers), time.monotonic() + PATIENCE_S
        while not any(answer[0] == status for answer in self.answers[seen:]):
            assert time.monotonic() < end, self.answers[-5:]
            time.sleep(0.02)

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()
        self.join()


def test_callers_are_told_to_try_again_while_redis_is_away_and_served_when_it_is_back(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv(
        "HPP_ONLINE_STORE",
        f'{{type: serving.online.redis_rows.RedisRowsOnlineStore, connection_string: "127.0.0.1:{port}"}}',
    )
    monkeypatch.setenv("HPP_LOOKUP_CACHE_SECONDS", "0")
    settings = read_settings()
    rows = pd.read_parquet(Path(settings.offline_dir) / f"{HOUSE_FEATURES}.parquet")
    with redis_server(tmp_path, port, keeps=True):
        fill(settings.feature_store(), rows)
        started = service.start(serving_platform.bundles["1"], settings)
        caller = Caller(started, serving_platform.key)
        caller.wait_for(200)
    try:
        caller.wait_for(503)
        raw = rows.iloc[[17]].drop(columns=["house_id", "event_timestamp", "created_timestamp"])
        assert caller.ask({"names": list(raw.columns), "ndarray": raw.to_numpy().tolist()}) == (200, None)
        with redis_server(tmp_path, port, keeps=True):
            caller.wait_for(200)
            back = len(caller.answers)
            while len(caller.answers) < back + 50:
                time.sleep(0.02)
            caller.end()
    finally:
        caller.end()
    assert set(caller.answers) == {(200, None), (503, "1")}
    assert {status for status, _ in caller.answers[back:]} == {200}
    (still,) = service.running(settings)
    assert still.pid == started.pid


@pytest.fixture
def postgres(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A server that has MLflow's and Feast's databases, with the definitions applied."""
    import mlflow

    with running_postgres() as server:
        for database in ("feast", "mlflow"):
            server.make(database)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address("mlflow"))
        registry = f'{{registry_type: sql, path: "{server.address("feast")}", cache_ttl_seconds: 60}}'
        monkeypatch.setenv("HPP_REGISTRY", registry)
        apply_definitions(read_settings())
        yield server
        mlflow.set_tracking_uri("")  # MLflow keeps for the process what it was told, and the server ends


def test_a_registration_in_which_postgresql_went_away_serves_nothing_and_the_next_one_ends_it(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trained()
    whole = register.apply_definitions

    def away(settings: Settings) -> object:
        postgres.stop()
        return whole(settings)

    # The version and its bundle are made, its feature service, tags and alias are not.
    with monkeypatch.context() as patch:
        patch.setattr(register, "apply_definitions", away)
        with pytest.raises(Exception, match=r"cannot be locked|OperationalError|connection"):
            model.registered()
    postgres.start()
    client = mlflow_client()
    assert [(str(one.version), champion_version(client)) for one in versions(client)] == [("1", None)]

    registered = model.registered()
    assert (registered.version, champion_version(client)) == ("1", "1")
    assert len(versions(client)) == 1
    assert "house_price_v1" in {one.name for one in read_settings().feature_store().list_feature_services()}


def test_a_restart_of_postgresql_between_two_questions_goes_unnoticed(postgres: Postgres) -> None:
    client, store = mlflow_client(), read_settings().feature_store()
    assert versions(client) == []
    postgres.stop()
    postgres.start()
    assert versions(client) == []
    store.refresh_registry()
    assert HOUSE_TARGET in {view.name for view in store.list_feature_views()}


@pytest.fixture
def bucket(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A server whose bucket has the histories."""
    with s3_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HPP_OFFLINE_DIR", f"s3://{BUCKET}/feast")
        apply_definitions(read_settings())
        yield server


def test_a_publication_for_which_the_bucket_is_away_stores_nothing_and_the_next_one_everything(bucket: S3) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    bucket.stop()
    try:
        with pytest.raises(DataError, match="HPP_OFFLINE_DIR"):
            publish(boston(), publication(), read_settings(), now)
    finally:
        bucket.start()
    assert bucket.names("feast/") == []
    report = publish(boston(), publication(), read_settings(), now)
    assert (report.new_features, report.new_prices) == (506, 506)
    assert publish(boston(), publication(), read_settings(), now).unchanged == 506
    for view in (HOUSE_FEATURES, HOUSE_TARGET):
        assert len(parts(history_path(read_settings().offline_dir, view))) == 1


def test_a_training_set_of_a_bucket_is_that_of_a_folder(
    bucket: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pd.DataFrame({"house_id": [3, 400, 3], "event_timestamp": pd.Timestamp("2026-03-01T13:00Z")})
    answers = []
    for place in (f"s3://{BUCKET}/feast", str(tmp_path / "folder")):
        monkeypatch.setenv("HPP_OFFLINE_DIR", place)
        store = apply_definitions(read_settings())
        publish(boston(), publication(), read_settings(), datetime(2026, 3, 1, 12, tzinfo=UTC))
        job = store.get_historical_features(entity_df=asked, features=["house_features:RM", "house_target:MEDV"])
        answers.append(job.to_df())
    pd.testing.assert_frame_equal(*answers)


RESTARTED = """
import os, signal, time
from pathlib import Path
from typing import Annotated
from zenml import pipeline, step

folder = Path(os.environ["RESTARTS"])

@step(enable_cache=False)
def first() -> Annotated[int, "one"]:
    (folder / "wanted").touch()
    while not (folder / "done").exists():
        time.sleep(0.05)
    return 1

@step(enable_cache=False)
def second(one: int) -> Annotated[int, "two"]:
    return one + 1

@pipeline
def both() -> None:
    second(first())

if __name__ == "__main__":
    print("two is", both().steps["second"].output.load())
"""


@pytest.mark.integration
@pytest.mark.backends
def test_a_restart_of_mariadb_during_a_step_does_not_end_the_run(tmp_path: Path) -> None:
    script = tmp_path / "restarted.py"
    script.write_text(RESTARTED)
    with mariadb_server() as server:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ZENML_")}
        environment |= {"HPP_VAR_DIR": str(tmp_path / "var"), "RESTARTS": str(tmp_path)}
        environment |= {"ZENML_STORE_URL": server.address}
        run = subprocess.Popen(
            [sys.executable, str(script)], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            wait_until(lambda: (tmp_path / "wanted").exists() or run.poll() is not None)
            server.stop()
            server.start()
            (tmp_path / "done").touch()
            said, _ = run.communicate(timeout=300)
        finally:
            run.kill()
    assert run.returncode == 0, said.decode()[-3000:]
    assert "two is 2" in said.decode()


def wait_until(holds: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
