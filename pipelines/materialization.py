"""The pipeline that a clock triggers: the online store is brought up to the offline store, and its freshness shown."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.materialize import materialize
from steps.report_freshness import report_freshness
from steps.terminal.hooks import end_run, show_run


@pipeline(execution_mode=ExecutionMode.FAIL_FAST, on_init=show_run, on_cleanup=end_run)
def materialization_pipeline() -> None:
    """Write what is new, and report how fresh each view is."""
    materialize()
    report_freshness(after="materialize")
