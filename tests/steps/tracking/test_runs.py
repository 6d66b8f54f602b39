"""MLflow as the steps use it."""

import subprocess
from pathlib import Path

import mlflow
import pytest
from zenml.client import Client

from serving.settings import read_settings
from steps.core.cause import BY_HAND
from steps.core.errors import ConfigurationError
from steps.run_experiment import run_experiment
from steps.tracking.runs import git_commit, mlflow_client, open_experiment, run_of, tracking_uri
from steps.tracking.zenml_tracker import tracked
from zenml_config.stack import EXPERIMENT_TRACKER


def git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", "-C", str(folder), *author, *arguments], check=True, capture_output=True)


def test_the_experiment_keeps_its_artifacts_where_the_settings_say(platform_dir: Path) -> None:
    made = open_experiment(mlflow_client(), read_settings())
    assert made.artifact_location == read_settings().mlflow_artifacts
    assert open_experiment(mlflow_client(), read_settings()).experiment_id == made.experiment_id


def test_without_zenmls_tracker_a_run_is_opened_and_closed(platform_dir: Path) -> None:
    with run_of("quick", read_settings(), {"data_fingerprint": "data"}) as run_id:
        active = mlflow.active_run()
        assert active is not None
        assert active.info.run_id == run_id
    assert mlflow.active_run() is None
    run = mlflow_client().get_run(run_id)
    assert (run.info.run_name, run.info.status, run.data.tags["data_fingerprint"]) == ("quick", "FINISHED", "data")


def test_a_fault_inside_marks_the_run_as_failed(platform_dir: Path) -> None:
    with pytest.raises(ZeroDivisionError), run_of("quick", read_settings(), {}) as run_id:
        _ = 1 / 0
    assert mlflow_client().get_run(run_id).info.status == "FAILED"


def test_an_open_run_is_taken_over_and_left_open(platform_dir: Path) -> None:
    experiment = open_experiment(mlflow_client(), read_settings())
    with mlflow.start_run(experiment_id=experiment.experiment_id) as outer:
        with run_of("quick", read_settings(), {}) as run_id:
            assert run_id == outer.info.run_id
        assert mlflow.active_run() is not None
    assert mlflow_client().get_run(run_id).info.run_name == "quick"


def test_the_address_comes_from_zenmls_tracker_where_the_variable_is_gone(
    zenml_stack: None, platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Client().get_stack_component("experiment_tracker", EXPERIMENT_TRACKER)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert tracking_uri() == tracker.configuration["tracking_uri"]


def test_on_the_default_stack_steps_keep_runs_by_themselves_and_need_the_variable(
    zenml_stack: None, platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tracked(run_experiment, "quick", BY_HAND).configuration.experiment_tracker is True
    client = Client()
    before = client.active_stack_model.name
    try:
        client.activate_stack("default")
        assert tracked(run_experiment, "quick", BY_HAND).configuration.experiment_tracker is None
        monkeypatch.delenv("MLFLOW_TRACKING_URI")
        with pytest.raises(ConfigurationError, match="MLFLOW_TRACKING_URI is not set"):
            tracking_uri()
    finally:
        client.activate_stack(before)


def test_the_commit_says_whether_something_was_changed_since(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == "unknown"
    git(tmp_path, "init")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "first")
    commit = git_commit(tmp_path)
    assert len(commit) == 40
    (tmp_path / "file").write_text("two")
    assert git_commit(tmp_path) == f"{commit}-dirty"
