"""Who is told again, and when."""

from datetime import UTC, datetime, timedelta

from serving.alerts.alert import new_alert
from steps.core.conditions import AlertSettings, Condition, Told, after, due

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAILY = AlertSettings(renotify_hours=24)


def condition(about: str, key: str = "drift") -> Condition:
    return Condition(key, about, new_alert("DriftDetected", "x", runbooks="r", resolved=not about))


def rounds(*abouts: str | None, hours: float = 1, taken: bool = True) -> list[bool]:
    """Whether people are told, in rounds that are so many hours apart; None: nothing is known in that round."""
    told: dict[str, Told] = {}
    said = []
    for number, about in enumerate(abouts):
        now = NOW + timedelta(hours=number * hours)
        found = due([] if about is None else [condition(about)], told, now, DAILY)
        said.append(bool(found))
        told = after(told, found if taken else [], now)
    return said


def test_a_drift_is_told_once_when_it_changes_and_when_it_is_over() -> None:
    assert rounds("RM", "RM", "RM", "RM, TAX", "RM, TAX", "", "") == [True, False, False, True, False, True, False]


def test_what_lasts_is_told_again_after_the_interval() -> None:
    assert rounds("RM", "RM", "RM", "RM", hours=12) == [True, False, True, False]


def test_what_was_never_wrong_is_not_told_to_be_over() -> None:
    assert rounds("", "", "RM") == [False, False, True]


def test_a_round_without_a_verdict_changes_nothing() -> None:
    assert rounds("RM", None, "RM", None, "") == [True, False, False, False, True]


def test_what_nobody_took_is_told_again_in_the_next_round() -> None:
    assert rounds("RM", "RM", taken=False) == [True, True]


def test_conditions_do_not_mix() -> None:
    told = after({}, [condition("RM")], NOW)
    assert [one.key for one in due([condition("RM"), condition("RM", key="error")], told, NOW, DAILY)] == ["error"]
