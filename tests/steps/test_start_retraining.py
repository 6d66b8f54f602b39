"""The process of a retraining: what is seen of it whatever it does, and what is on record."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipelines import retrain
from serving.settings import Settings, read_settings
from steps import start_retraining
from steps.core.cause import BY_HAND, Cause
from steps.core.errors import ConfigurationError
from steps.core.retrained import Ending, Outcome
from steps.core.retraining import Decision
from steps.monitoring.retraining_record import RECORD, keep_refusal, read_retrainings
from steps.monitoring.retraining_settings import read_retraining
from tests.receiver import Receiver, receiving
from tests.retraining import retraining
from tests.steps.tracking.test_trainings import training

DRIFT = Cause(kind="drift", reason="RM")
START = Decision(action="start", cause=DRIFT, reason="drift")
WAIT = Decision(action="cool-down", cause=DRIFT, reason="tomorrow")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def settings(zenml_stack: None, platform_dir: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HPP_ALERT_WEBHOOK", receiver.url)
    return read_settings()


def test_a_retraining_that_does_not_end_is_ended_with_its_children_told_and_on_record(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_retraining, "MODULE", "tests.sleeping")
    monkeypatch.setattr(start_retraining, "ENDING_S", 2.0)
    outcome = start_retraining.carry_out(START, retraining(most_minutes=0.2), settings)
    assert outcome.ending == "took too long"
    pids = [int(pid) for pid in (settings.var_dir / "sleeping.pid").read_text().split()]
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    assert receiver.names == ["RetrainingFailed firing"]
    assert [one.event for one in read_retrainings(settings.audit_dir)] == ["took too long"]


def test_a_process_that_dies_without_a_word_is_a_failed_training(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_retraining, "MODULE", "tests.no_such_module")
    outcome = start_retraining.carry_out(START, retraining(), settings)
    assert (outcome.ending, outcome.cause) == ("training failed", DRIFT)
    assert "No module named" in Path(outcome.log).read_text()
    assert receiver.names == ["RetrainingFailed firing"]


def test_a_refusal_is_on_record_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    for _ in range(3):
        keep_refusal(tmp_path, WAIT)
    with (tmp_path / RECORD).open("ab") as file:
        file.write(b'{"time": "cut o')
    assert [(one.event, one.reason) for one in read_retrainings(tmp_path)] == [("refused", "cool-down: tomorrow")]


@pytest.mark.parametrize(
    ("ending", "cause", "code"),
    [
        ("tried", DRIFT, 0),
        ("nothing new", DRIFT, 0),
        ("gate refused", DRIFT, 3),
        ("training failed", DRIFT, 1),
        ("deployment failed", DRIFT, 1),
        ("not started", Cause(kind="weekly"), 0),
        ("not started", BY_HAND, 4),
    ],
)
def test_the_command_ends_with_a_code_that_a_workflow_can_tell_apart(ending: Ending, cause: Cause, code: int) -> None:
    assert retrain.exit_code(Outcome(ending=ending, cause=cause, reason="so")) == code


@pytest.mark.usefixtures("no_earlier_runs")
def test_a_weekly_retraining_within_the_cool_down_is_not_due_and_no_failure(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training()
    assert retrain.main(["--cause", "weekly", "--outcome", str(tmp_path / "outcome.json")]) == 0
    assert "not started: cool-down: the training training_pipeline-" in capsys.readouterr().out
    assert json.loads((tmp_path / "outcome.json").read_text())["ending"] == "not started"
    assert [one.event for one in read_retrainings(settings.audit_dir)] == ["refused"]


@pytest.mark.parametrize("text", ["", "parameters: {}", "parameters: {retraining: {causes: [weather]}}", "{"])
def test_settings_that_are_none_are_refused_with_their_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "monitoring.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"monitoring\.yaml does not say when a retraining is started"):
        read_retraining(tmp_path / "monitoring.yaml")
