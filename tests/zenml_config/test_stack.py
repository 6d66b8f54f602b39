"""The ZenML stack, in a real store."""

import os
from pathlib import Path
from typing import Any

import pytest

from steps.core.errors import ConfigurationError
from tests.s3_server import BUCKET, s3_server
from zenml_config.stack import EXPERIMENT_TRACKER, MODEL_REGISTRY, STACK, register_stack


@pytest.mark.usefixtures("zenml_stack")
def test_registering_again_changes_nothing() -> None:
    from zenml.client import Client

    before = Client().active_stack_model
    register_stack()
    after = Client().active_stack_model
    assert after.name == STACK
    assert (after.id, after.updated) == (before.id, before.updated)


@pytest.mark.usefixtures("zenml_stack")
def test_tracker_and_registry_are_mlflow_at_the_environments_address() -> None:
    from zenml.client import Client

    stack = Client().active_stack
    assert stack.experiment_tracker is not None
    assert stack.model_registry is not None
    assert (stack.experiment_tracker.name, stack.model_registry.name) == (EXPERIMENT_TRACKER, MODEL_REGISTRY)
    assert stack.experiment_tracker.config.model_dump()["tracking_uri"].startswith("sqlite:///")


@pytest.mark.usefixtures("zenml_stack")
def test_a_moved_mlflow_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    from zenml.client import Client
    from zenml.enums import StackComponentType

    original = os.environ["MLFLOW_TRACKING_URI"]
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://mlflow@db/mlflow")
        register_stack()
        tracker = Client().get_stack_component(StackComponentType.EXPERIMENT_TRACKER, EXPERIMENT_TRACKER)
        assert tracker.configuration["tracking_uri"] == "postgresql://mlflow@db/mlflow"
        active = Client().active_stack.experiment_tracker
        assert active is not None
        assert active.config.model_dump()["tracking_uri"] == "postgresql://mlflow@db/mlflow"
    finally:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", original)
        register_stack()


@pytest.mark.usefixtures("zenml_stack")
def test_a_server_of_mlflow_gets_the_environments_token_and_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from zenml.client import Client

    original = os.environ["MLFLOW_TRACKING_URI"]
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example.org")
        monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
        with pytest.raises(ConfigurationError, match="MLFLOW_TRACKING_TOKEN: not set"):
            register_stack()
        for token in ("first", "changed"):
            monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
            register_stack()
            tracker = Client().active_stack.experiment_tracker
            assert tracker is not None
            told: Any = tracker.config
            assert (told.tracking_uri, told.tracking_token) == ("http://mlflow.example.org", token)
    finally:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", original)
        register_stack()


@pytest.mark.usefixtures("zenml_stack")
def test_artifacts_go_to_the_bucket_of_the_environment_and_earlier_ones_stay_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zenml.client import Client

    try:
        with s3_server() as server:
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("HPP_ARTIFACT_STORE", f"s3://{BUCKET}/zenml")
            register_stack()
            store = Client().active_stack.artifact_store
            assert store.path == f"s3://{BUCKET}/zenml"
            with store.open(f"{store.path}/kept", "wb") as file:
                file.write(b"1")
            assert server.names() == ["zenml/kept"]
            assert "default" in {one.name for one in Client().list_stack_components(type="artifact_store")}
    finally:
        monkeypatch.undo()
        register_stack()
    assert Client().active_stack.artifact_store.name == "default"


@pytest.mark.usefixtures("zenml_stack")
def test_artifacts_in_a_place_of_another_kind_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPP_ARTIFACT_STORE", "ftp://houses")
    with pytest.raises(ConfigurationError, match="Wanted s3://bucket/folder"):
        register_stack()


@pytest.mark.usefixtures("zenml_stack")
def test_half_a_store_that_a_killed_process_left_is_made_anew_and_a_whole_one_is_kept(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    database = platform_dir / "mlflow" / "mlflow.db"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"half of a database")
    (database.parent / ".mlflow.db.unfinished").touch()
    try:
        register_stack()
        client = MlflowClient(tracking_uri=f"sqlite:///{database}")
        client.create_experiment("kept")
        register_stack()
        assert [experiment.name for experiment in client.search_experiments(filter_string="name = 'kept'")]
        assert list(database.parent.glob(".*.unfinished")) == []
    finally:
        monkeypatch.undo()
        register_stack()
