"""Whether a run has ended, and how: an orchestrator far away may only have taken it, and raises no step's error."""

import time
from typing import TYPE_CHECKING

from zenml.client import Client
from zenml.enums import ExecutionStatus

from steps.core.errors import PlatformError

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

POLL_S = 5.0


def finished(run: "PipelineRunResponse | None") -> "PipelineRunResponse":
    """The run, at its end."""
    if run is None:
        raise RuntimeError("ZenML has not started a run: does the configuration have a `schedule`?")
    while not run.status.is_finished:
        time.sleep(POLL_S)
        run = Client().get_pipeline_run(run.id)
    return run


def completed(run: "PipelineRunResponse | None") -> "PipelineRunResponse":
    """The run, at its good end.

    Raises:
        PlatformError: it has failed, or was stopped.
    """
    ended = finished(run)
    if ended.status != ExecutionStatus.COMPLETED:
        raise PlatformError(f"ZenML's run {ended.name} is {ended.status}; its log has the reason.")
    return ended
