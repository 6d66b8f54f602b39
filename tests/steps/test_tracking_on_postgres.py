"""The model registry in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.settings import read_settings
from steps.models.registry import champion_version, versions
from steps.tracking.runs import ALIAS, MODEL, mlflow_client, open_experiment
from tests.postgres_server import postgres_server


@pytest.fixture
def on_postgres(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import mlflow

    with postgres_server() as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield
        mlflow.set_tracking_uri("")  # MLflow keeps for the process what it was told, and the server ends


def test_artifacts_do_not_go_to_the_working_directory(on_postgres: None) -> None:
    settings = read_settings()
    assert open_experiment(mlflow_client(), settings).artifact_location == settings.mlflow_artifacts


def test_versions_are_registered_found_and_given_the_alias(on_postgres: None) -> None:
    client = mlflow_client()
    assert champion_version(client) is None
    client.create_registered_model(MODEL)
    for _ in range(2):
        client.create_model_version(MODEL, source="file:///nowhere", tags={"data_fingerprint": "ab"})
    client.set_registered_model_alias(MODEL, ALIAS, "1")
    assert champion_version(client) == "1"
    assert [(str(one.version), one.tags) for one in versions(client)] == [
        (v, {"data_fingerprint": "ab"}) for v in ("2", "1")
    ]
