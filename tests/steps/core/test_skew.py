"""Differences between an online and an offline store, and what they may come from."""

import math

import numpy as np
import pytest

from steps.core.skew import EVENT_TIME, Difference, Known, described, differing
from steps.core.skew_hints import History, guess

NAMES = ("CRIM", "RM", "TAX")
OFFLINE = [[0.00632, 6.575, 296.0], [0.02731, 6.421, 242.0], [math.nan, 7.185, 222.0], [0.03237, 6.998, 311.0]]
NOON = 1_795_521_600.0


def known(values: list[list[float]], times: list[float] | None = None) -> Known:
    seconds = np.array(times or [NOON] * len(values))
    return Known(np.array(values), seconds, ~np.isnan(seconds))


def compared(online: Known, history: History | None = None, offline: Known | None = None) -> list[Difference]:
    offline = offline or known(OFFLINE)
    cells = differing(offline, online, 1.0)
    hints = guess(NAMES, offline, online, cells, history or {})
    return described([10, 11, 12, 13], NAMES, offline, online, cells, hints)


def changed(*changes: tuple[int, int, float]) -> Known:
    values = [list(row) for row in OFFLINE]
    for house, feature, value in changes:
        values[house][feature] = value
    return known(values)


def test_equal_stores_with_a_value_missing_in_both_do_not_differ() -> None:
    assert compared(known(OFFLINE)) == []


def test_a_difference_names_house_feature_values_and_both_times() -> None:
    (one,) = compared(changed((1, 2, 243.0)))
    assert one.model_dump(exclude={"hint"}) == {
        "house_id": 11,
        "feature": "TAX",
        "offline": 242.0,
        "online": 243.0,
        "offline_time": "2026-11-24T12:00:00+00:00",
        "online_time": "2026-11-24T12:00:00+00:00",
    }
    assert one.sentence.startswith("TAX of house 11 is 242.0 offline, 243.0 online; observed 2026-11-24T12:00:00+00:00")


@pytest.mark.parametrize(
    ("online", "hints"),
    [
        (changed((1, 2, 243.0)), ["differs"]),
        (changed((2, 0, 0.0)), ["default in place of a missing value"]),
        (changed((1, 0, math.nan)), ["value lost"]),
        (changed((0, 0, 0.006), (1, 0, 0.027)), ["rounded to 3 decimal places"] * 2),
        (changed((0, 0, float(np.float32(0.00632)))), ["rounded to single precision"]),
        (
            changed(*((h, 1, OFFLINE[h][1] * 0.3048) for h in range(4))),
            ["unit change: 0.3048 times the offline value"] * 4,
        ),
        (changed((0, 1, 296.0), (0, 2, 6.575)), ["swapped with TAX", "swapped with RM"]),
        (changed((2, 0, 222.0), (2, 2, math.nan)), ["swapped with TAX", "swapped with CRIM"]),
    ],
)
def test_the_pattern_of_the_differences_tells_what_they_may_come_from(online: Known, hints: list[str]) -> None:
    assert [one.hint for one in compared(online)] == hints


def test_a_value_that_the_house_had_before_is_stale_whatever_else_it_looks_like() -> None:
    history: History = {(1, 1): frozenset({6.0, 6.4})}
    assert [one.hint for one in compared(changed((1, 1, 6.4)), history)] == ["stale value"]
    assert [one.hint for one in compared(changed((1, 1, 6.42)), history)] == ["rounded to 2 decimal places"]


def test_an_older_event_time_is_a_difference_though_the_values_agree() -> None:
    (one,) = compared(known(OFFLINE, [NOON, NOON - 100, NOON, NOON]))
    assert (one.house_id, one.feature, one.hint) == (11, EVENT_TIME, "stale value")
    assert "observed 2026-11-24T12:00:00+00:00 offline, 2026-11-24T11:58:20+00:00 online" in one.sentence


@pytest.mark.parametrize(("apart", "differs"), [(0.0, False), (-0.999, False), (0.999, False), (-1.0, True), (1, True)])
def test_times_that_are_closer_than_the_stores_resolution_are_the_same(apart: float, differs: bool) -> None:
    assert bool(compared(known(OFFLINE, [NOON + apart, NOON, NOON, NOON]))) is differs


def test_times_that_stand_whole_hours_apart_may_be_those_of_another_zone() -> None:
    (one,) = compared(known(OFFLINE, [NOON - 5 * 3600, NOON, NOON, NOON]))
    assert one.hint == "stale value, or the time zone of who wrote it"
    (one,) = compared(known(OFFLINE, [NOON - 30 * 86400, NOON, NOON, NOON]))
    assert one.hint == "stale value"


def test_a_house_that_is_unknown_online_is_one_difference() -> None:
    online = known([*OFFLINE[:3], [math.nan] * 3], [NOON, NOON, NOON, math.nan])
    (one,) = compared(online)
    assert (one.house_id, one.online_time, one.hint) == (13, None, "unknown house")


def test_a_house_that_has_expired_online_is_one_difference() -> None:
    online = known([*OFFLINE[:3], [math.nan] * 3], [NOON, NOON, NOON, NOON - 1e6])
    online = online._replace(given=np.array([True, True, True, False]))
    (one,) = compared(online)
    assert (one.house_id, one.online_time, one.hint) == (13, "2026-11-12T22:13:20+00:00", "stale value, expired")


def test_stores_of_other_shapes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="offline values"):
        differing(known(OFFLINE), known(OFFLINE[:2]), 1.0)
