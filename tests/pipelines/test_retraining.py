"""How a training ended, by what ZenML has on record."""

from pathlib import Path

import pytest
import yaml
from zenml import pipeline, step
from zenml.enums import ExecutionMode

from pipelines.retraining import _failed, configuration
from steps.core.cause import Cause
from steps.core.errors import GateError, PlatformError

WEEKLY = Cause(kind="weekly")


@step(enable_cache=False)
def gate(refuses: bool) -> None:
    raise GateError("test RMSE is 6") if refuses else PlatformError("the bundle is gone")


@pipeline(execution_mode=ExecutionMode.FAIL_FAST)
def ending(refuses: bool) -> None:
    gate(refuses)


@pytest.mark.parametrize(("refuses", "found"), [(True, "gate refused"), (False, "training failed")])
def test_only_what_the_gate_itself_refuses_is_a_refusal(no_earlier_runs: None, refuses: bool, found: str) -> None:
    with pytest.raises(PlatformError) as fault:
        ending.with_options(run_name="retraining-1")(refuses=refuses)
    outcome = _failed(WEEKLY, "retraining-1", fault.value)
    assert (outcome.ending, outcome.training_run, outcome.cause) == (found, "retraining-1", WEEKLY)
    assert outcome.reason == f"in the step gate: {type(fault.value).__name__}: {fault.value}"
    assert _failed(WEEKLY, "retraining-1", None).ending == found  # an orchestrator far away raises nothing


def test_a_training_that_never_became_a_run_has_failed(no_earlier_runs: None) -> None:
    outcome = _failed(WEEKLY, "retraining-1", ValueError("no such parameter"))
    assert (outcome.ending, outcome.training_run) == ("training failed", "")


def test_a_configuration_is_changed_for_one_run_and_keeps_the_rest(tmp_path: Path) -> None:
    own = tmp_path / "deployment.yaml"
    own.write_text("parameters: {model: {name: m, alias: champion}}\nenable_cache: false\n")
    with configuration(own, {"model": {"alias": "challenger"}, "cause": {"kind": "weekly"}}) as path:
        assert yaml.safe_load(Path(path).read_text()) == {
            "parameters": {"model": {"name": "m", "alias": "challenger"}, "cause": {"kind": "weekly"}},
            "enable_cache": False,
        }
    assert not Path(path).exists()


def test_a_configuration_keeps_its_order_or_the_cache_would_not_know_the_search_again(tmp_path: Path) -> None:
    own = tmp_path / "training.yaml"
    own.write_text("parameters: {search: {space: {n_estimators: 1, max_depth: 2}}}\n")
    with configuration(own, {"cause": {"kind": "weekly"}}) as path:
        space = yaml.safe_load(Path(path).read_text())["parameters"]["search"]["space"]
    assert list(space) == ["n_estimators", "max_depth"]
