"""Which hours are judged together."""

from datetime import UTC, datetime

from steps.core.judged_window import WindowSettings, ends, enough_hours, recent_hours

NOW = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
SETTINGS = WindowSettings(hours=3, enough_rows=100)


def test_hours_that_began_too_long_ago_are_left_out() -> None:
    hours = ["2026-11-25T06", "2026-11-25T07", "2026-11-25T08", "2026-11-25T10"]
    assert recent_hours(hours, SETTINGS, NOW) == ["2026-11-25T10", "2026-11-25T08"]


def test_the_newest_hours_are_taken_as_few_as_hold_enough_rows() -> None:
    rows = {"2026-11-25T08": 500, "2026-11-25T09": 80, "2026-11-25T10": 30}
    assert enough_hours(rows, SETTINGS) == ["2026-11-25T09", "2026-11-25T10"]
    assert enough_hours(rows | {"2026-11-25T10": 100}, SETTINGS) == ["2026-11-25T10"]


def test_an_hour_in_which_only_tests_were_served_is_no_part_of_the_window() -> None:
    assert enough_hours({"2026-11-25T09": 0, "2026-11-25T10": 5}, SETTINGS) == ["2026-11-25T10"]


def test_the_window_ends_with_its_last_hour_or_now() -> None:
    assert ends(["2026-11-25T08", "2026-11-25T09"], NOW) == ("2026-11-25T08:00:00+00:00", "2026-11-25T10:00:00+00:00")
    assert ends(["2026-11-25T10"], NOW) == ("2026-11-25T10:00:00+00:00", "2026-11-25T10:30:00+00:00")
    assert ends([], NOW) == ("2026-11-25T10:30:00+00:00",) * 2
