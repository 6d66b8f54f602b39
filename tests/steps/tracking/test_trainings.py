"""What ZenML has on record of trainings."""

from datetime import UTC, datetime, timedelta

import pytest
from zenml import pipeline, step
from zenml.enums import ExecutionMode
from zenml.exceptions import EntityExistsError

from steps.core.cause import Cause
from steps.tracking.trainings import PIPELINE, next_name, training_starts


@step(enable_cache=False)
def work(fails: bool) -> None:
    if fails:
        raise ValueError("on purpose")


@pipeline(name=PIPELINE, execution_mode=ExecutionMode.FAIL_FAST)
def training(fails: bool = False, cause: Cause = Cause()) -> None:  # noqa: B008  # a value that does not change
    work(fails)


@pytest.mark.usefixtures("no_earlier_runs")
def test_each_training_of_the_week_is_known_by_its_cause_and_its_start_also_one_that_failed() -> None:
    now = datetime.now(UTC)
    assert training_starts(now) == []
    training()
    name = next_name()
    with pytest.raises(ValueError, match="on purpose"):
        training.with_options(run_name=name, tags=[Cause(kind="drift").tag])(fails=True)
    found = training_starts(datetime.now(UTC))
    assert [(one.kind, one.ended) for one in found] == [("drift", True), ("by hand", True)]
    assert found[0].run == name
    assert all(timedelta(0) <= one.at - now < timedelta(minutes=5) for one in found)
    assert training_starts(now + timedelta(days=7, minutes=6)) == []


@pytest.mark.usefixtures("no_earlier_runs")
def test_of_two_that_take_the_next_name_one_is_refused() -> None:
    training()
    name = next_name()
    training.with_options(run_name=name)()
    with pytest.raises(EntityExistsError, match=name):
        training.with_options(run_name=name)()
    assert next_name() != name
