"""From shifted traffic to a canary: real pipelines, a real service, and a receiver that is told of it all."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from zenml.client import Client
from zenml.models import PipelineRunResponse

from pipelines.monitoring import monitoring_pipeline
from serving import service
from serving.rollouts.record import read_events
from serving.rollouts.state import folder_of, read_rollout
from serving.settings import Settings, read_settings
from steps.models.registry import version_under
from steps.monitoring.retraining_record import read_retrainings
from steps.tracking.runs import CHALLENGER, MODEL, mlflow_client
from tests.conftest import forget_stacks, without_alerter
from tests.integration.test_monitoring_pipeline import serve
from tests.receiver import Receiver, receiving
from tests.retraining import monitoring_parameters
from tests.serving_platform import ServingPlatform
from tests.training import training_parameters
from zenml_config.stack import register_stack


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def platform(
    no_earlier_runs: None,
    serving_platform: ServingPlatform,
    serving_settings: Settings,
    champion: Callable[[str], None],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Settings]:
    """A platform with two versions, the first of them champion, whose alerts go to the receiver."""
    models = tmp_path / "models"
    models.mkdir()
    for version, bundle in serving_platform.bundles.items():
        (models / f"v{version}").symlink_to(bundle)
    monkeypatch.setenv("HPP_MODELS_DIR", str(models))
    monkeypatch.setenv("HPP_AUDIT_DIR", str(tmp_path / "audit"))
    monkeypatch.setenv("HPP_ALERT_WEBHOOK", receiver.url)
    register_stack()
    forget_stacks()
    champion("2")
    champion("1")
    yield read_settings()
    without_alerter()
    monkeypatch.undo()
    register_stack()


def quick_training(folder: Path) -> str:
    """The path of a configuration of one small experiment."""
    parameters = training_parameters()
    parameters["experiments"] = [
        {"name": "small", "features": "all", "parameters": {"n_estimators": 40}, "search": None}
    ]
    parameters["validation"] |= {"folds": 2, "repeats": 1}
    parameters["quality"] |= {"folds": 2}
    parameters["feature_selection"] |= {"resamples": 10}
    parameters["sensitive_features"]["cost"] |= {"parameters": {"n_estimators": 5}, "bagging": None, "repeats": 1}
    path = folder / "quick.yaml"
    path.write_text(yaml.safe_dump({"parameters": parameters}))
    return str(path)


def monitor(folder: Path, **changes: Any) -> PipelineRunResponse:
    """A run of the monitoring whose trainings are quick."""
    parameters = monitoring_parameters()
    parameters["retraining"] |= {"training": quick_training(folder), **changes}
    path = folder / "monitoring.yaml"
    path.write_text(yaml.safe_dump({"parameters": parameters}))
    done = monitoring_pipeline.with_options(config_path=str(path))()
    assert done is not None
    return done


@pytest.mark.timeout(1800)  # training, deployment, three monitoring runs: on a busy machine over ten minutes
def test_a_drift_is_told_trains_with_its_cause_on_record_and_begins_a_canary_once(
    platform: Settings, serving_platform: ServingPlatform, receiver: Receiver, tmp_path: Path
) -> None:
    started = service.start(platform.models_dir / "v1", platform)
    houses = serving_platform.frame
    serve(serving_platform, platform, houses.assign(RM=np.minimum(houses["RM"] + 1.2, 9)), "acme")
    done = monitor(tmp_path)

    outcome = done.steps["start_retraining"].outputs["retraining"][0].load()
    assert (outcome.ending, outcome.version, outcome.alias) == ("tried", "3", CHALLENGER), outcome
    assert Path(outcome.log).exists()
    holds_the_cause(outcome.training_run, str(done.id), platform)
    trial = read_rollout(folder_of(platform.profiles_dir))
    assert trial is not None
    assert (trial.champion, trial.challenger, trial.mode, trial.share) == ("1", "3", "canary", 0.1)
    assert [one.version for one in service.serving(platform)] == [started.version]
    assert [one.event for one in read_retrainings(platform.audit_dir)] == ["started", "tried"]
    told = [name for name in receiver.names if name != "RolloutStarted firing"]  # the sidecar's, at any time
    assert told == ["DriftDetected firing", "RetrainingStarted firing", "RetrainingDone firing"]
    drift = receiver.messages[0]
    assert drift["summary"].startswith("RM of house-price v1 drifted. 506 rows (500 different)")
    assert "Root cause: RM, which moves the mean price by +" in drift["impact"]
    assert "acme (506 rows)" in drift["impact"]
    assert drift["done"] == "A retraining is started now"

    again = monitor(tmp_path)
    decision = again.steps["decide_retraining"].outputs["retraining_decision"][0].load()
    assert (decision.action, decision.refused) == ("tried", True)
    monitor(tmp_path)
    told = [name for name in receiver.names if name != "RolloutStarted firing"]
    assert told[3:] == ["RetrainingRefused firing"]
    assert [one.event for one in read_retrainings(platform.audit_dir)] == ["started", "tried", "refused"]
    assert len(Client().list_pipeline_runs(pipeline="training_pipeline")) == 1
    assert [one.event for one in read_events(platform.audit_dir)] == ["started"]


def holds_the_cause(run: str, verdict_run: str, settings: Settings) -> None:
    """In ZenML's run, in MLflow's, in the registry and on the model card."""
    kept = Client().get_pipeline_run(run)
    assert "cause=drift" in [tag.name for tag in kept.tags]
    assert kept.config.parameters["cause"]["feature"] == "RM"
    client = mlflow_client()
    version = client.get_model_version(MODEL, "3")
    assert version_under(client, CHALLENGER) == "3"
    assert version_under(client, "champion") == "1"
    mlflow_run = client.get_run(version.run_id)
    parent = client.get_run(mlflow_run.data.tags["mlflow.parentRunId"])
    for tags in (version.tags, mlflow_run.data.tags, parent.data.tags):
        assert (tags["cause"], tags["cause_feature"], tags["cause_verdict_run"]) == ("drift", "RM", verdict_run)
    assert "- **Trained because:** drift: 506 rows" in (settings.models_dir / "v3" / "model_card.md").read_text()


def test_a_training_that_fails_is_told_once_and_not_tried_again(
    platform: Settings, serving_platform: ServingPlatform, receiver: Receiver, tmp_path: Path
) -> None:
    houses = serving_platform.frame
    serve(serving_platform, platform, houses.assign(RM=np.minimum(houses["RM"] + 1.2, 9)), "acme")
    broken = tmp_path / "broken.yaml"
    broken.write_text(json.dumps({"parameters": training_parameters() | {"validation": {"folds": "none"}}}))
    done = monitor(tmp_path, training=str(broken))
    assert done.status == "completed"
    outcome = done.steps["start_retraining"].outputs["retraining"][0].load()
    assert outcome.ending == "training failed"
    assert receiver.names == ["DriftDetected firing", "RetrainingStarted firing", "RetrainingFailed firing"]
    assert "validation.folds" in receiver.messages[-1]["summary"]
    assert Path(outcome.log).exists()
    # ZenML has no run of it, but the decision: the cool-down counts from there.
    assert Client().list_pipeline_runs(pipeline="training_pipeline").items == []
    again = monitor(tmp_path, training=str(broken))
    decision = again.steps["decide_retraining"].outputs["retraining_decision"][0].load()
    assert decision.action == "cool-down"
    assert receiver.names[3:] == ["RetrainingRefused firing"]
