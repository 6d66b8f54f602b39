"""The ZenML stack, in a real store."""

import os
from pathlib import Path

import pytest

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
