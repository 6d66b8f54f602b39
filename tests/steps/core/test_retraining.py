"""When a retraining is started, and when it is not."""

from datetime import UTC, datetime, timedelta

import pytest

from steps.core.cause import BY_HAND, Cause, CauseKind
from steps.core.retraining import Decision, RetrainingSettings, Start, decide
from tests.retraining import retraining

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DRIFT, ERROR, WEEKLY = Cause(kind="drift", reason="RM"), Cause(kind="error"), Cause(kind="weekly")


def start(hours_ago: float, kind: CauseKind = "drift", ended: bool = True) -> Start:
    return Start(run=f"run-{hours_ago:g}", kind=kind, at=NOW - timedelta(hours=hours_ago), ended=ended)


def decided(cause: Cause | None, *starts: Start, tried: str | None = None, **changes: object) -> Decision:
    return decide(cause, starts, tried, NOW, retraining(**changes))


@pytest.mark.parametrize("cause", [DRIFT, ERROR, WEEKLY, BY_HAND])
def test_with_nothing_in_its_way_any_cause_starts_one(cause: Cause) -> None:
    found = decided(cause, start(25), start(200, "by hand"))
    assert (found.action, found.cause, found.refused) == ("start", cause, False)


def test_without_a_cause_none_is_started() -> None:
    assert decided(None).action == "no cause"


@pytest.mark.parametrize(("cause", "action"), [(DRIFT, "off"), (ERROR, "start"), (WEEKLY, "start"), (BY_HAND, "start")])
def test_a_verdict_that_the_settings_do_not_name_starts_none(cause: Cause, action: str) -> None:
    assert decided(cause, causes=("error",)).action == action


@pytest.mark.parametrize("kind", ["drift", "by hand", "weekly"])
def test_the_cool_down_counts_from_the_start_of_any_training_and_holds_for_all_but_people(kind: CauseKind) -> None:
    last = start(23.9, kind)
    assert decided(BY_HAND, last).action == "start"
    for cause in (DRIFT, ERROR, WEEKLY):
        found = decided(cause, start(100), last)
        assert (found.action, found.refused) == ("cool-down", True)
        assert found.reason == (
            f"the training run-23.9 ({kind}) began 2026-11-24 12:06 UTC: the next one from 2026-11-25 12:06 UTC on"
        )
    assert decided(DRIFT, start(24, kind)).action == "start"


def test_verdicts_start_so_many_a_week_and_trainings_by_hand_do_not_count() -> None:
    by_hand = [start(hours, "by hand") for hours in (30, 40, 50, 60)]
    verdicts = [start(26), start(80, "error"), start(167)]
    assert decided(DRIFT, *by_hand, *verdicts[:2]).action == "start"
    found = decided(DRIFT, *by_hand, *verdicts)
    assert (found.action, found.refused) == ("limit", True)
    assert "3 trainings in seven days, no more until 2026-11-25 13:00 UTC" in found.reason
    assert decided(WEEKLY, *verdicts).action == "start"
    assert decided(DRIFT, start(26), start(80), start(168)).action == "start"
    assert decided(DRIFT, most_a_week=0).action == "limit"


@pytest.mark.parametrize("cause", [DRIFT, WEEKLY, BY_HAND])
def test_none_is_started_while_one_runs_but_a_dead_one_holds_nothing_up_for_ever(cause: Cause) -> None:
    assert decided(cause, start(1, ended=False), most_minutes=90).action == "running"
    assert decided(cause, start(2, ended=False), most_minutes=90, cool_down_hours=1).action == "start"


def test_while_a_challenger_is_tried_no_other_one_is_made_unless_by_hand() -> None:
    found = decided(DRIFT, tried="7")
    assert (found.action, found.refused) == ("tried", True)
    assert decided(BY_HAND, tried="7").action == "start"
    assert decided(DRIFT, tried="7", deploy="nothing").action == "start"


def test_a_cause_is_told_in_words_and_tags() -> None:
    cause = Cause(kind="drift", reason="RM has drifted", verdict_run="r", version="3", feature="RM", window="a to b")
    assert cause.tag == "cause=drift"
    assert cause.tags["cause_feature"] == "RM"
    assert cause.in_words == "drift: RM has drifted; the verdict on version 3 of the traffic a to b in ZenML's run r"
    assert (BY_HAND.tags, BY_HAND.in_words) == ({"cause": "by hand"}, "by hand")


def test_the_settings_of_the_monitoring_are_read_whole() -> None:
    assert isinstance(retraining(), RetrainingSettings)
