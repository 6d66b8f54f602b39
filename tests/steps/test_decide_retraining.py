"""What the verdicts ask for."""

from steps.core.live_error import LiveError
from steps.decide_retraining import cause_of
from tests.steps.core.test_alerts import drifted, live_error
from tests.steps.core.test_root_cause import column, verdict

CALM = verdict(column("RM", 0.0, drifted=False)).model_copy(update={"status": "stable"})
AS_PROMISED: LiveError = live_error("as promised")


def test_nothing_is_asked_for_while_both_verdicts_are_well_or_missing() -> None:
    assert cause_of(CALM, AS_PROMISED, "run") is None
    unknown = CALM.model_copy(update={"status": "not enough data"})
    assert cause_of(unknown, live_error("not enough truths"), "run") is None


def test_a_drift_asks_with_its_root_cause_and_its_window() -> None:
    cause = cause_of(drifted(), AS_PROMISED, "run-1")
    assert cause is not None
    assert (cause.kind, cause.feature, cause.version, cause.verdict_run) == ("drift", "RM", "1", "run-1")


def test_a_drift_of_the_prices_alone_names_no_feature() -> None:
    found = drifted().model_copy(update={"drifted": (), "prediction_drifted": True})
    cause = cause_of(found, AS_PROMISED, "run-1")
    assert cause is not None
    assert (cause.kind, cause.feature) == ("drift", "")


def test_an_error_that_is_seen_counts_before_a_drift() -> None:
    cause = cause_of(drifted(), live_error("worse than promised"), "run-1")
    assert cause is not None
    assert (cause.kind, cause.version, cause.window) == ("error", "1", "a to b")
