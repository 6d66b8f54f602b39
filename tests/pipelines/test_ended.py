"""How a run has ended, by what ZenML has on record of it."""

import contextlib

import pytest
from zenml import pipeline, step
from zenml.client import Client

from pipelines.ended import completed, finished
from steps.core.errors import PlatformError


@step(enable_cache=False)
def divide(by: int) -> float:
    return 1 / by


@pipeline(enable_cache=False)
def division(by: int) -> None:
    divide(by)


@pytest.mark.usefixtures("zenml_stack")
def test_a_run_that_failed_is_an_error_with_its_name_and_one_that_completed_is_handed_on() -> None:
    with contextlib.suppress(RuntimeError):
        division(0)
    (failed,) = Client().list_pipeline_runs(pipeline="division").items
    with pytest.raises(PlatformError, match=rf"ZenML's run {failed.name} is failed; its log has the reason"):
        completed(failed)
    assert finished(failed).id == failed.id
    well = division(1)
    assert completed(well).id == well.id


def test_a_run_that_a_schedule_will_start_is_none_to_wait_for() -> None:
    with pytest.raises(RuntimeError, match="schedule"):
        finished(None)
