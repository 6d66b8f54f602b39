"""What Feast is asked for, and whether what came back may train."""

import numpy as np
import pandas as pd
import pytest

from steps.core.errors import DataError
from steps.core.spine import complete, spine

DAY = pd.Timestamp("2026-03-01", tz="UTC")
ANSWER = pd.DataFrame(
    {"house_id": [1, 2, 3], "event_timestamp": DAY, "RM": [6.0, 7.0, 8.0], "AGE": [50.0, None, 60.0], "MEDV": 20.0}
)
COLUMNS, REQUIRED = ["RM", "AGE", "MEDV"], ["RM", "MEDV"]
FRESH = np.array([False, False, False])
HISTORY = pd.DataFrame(
    {
        "house_id": [2, 1, 2],
        "event_timestamp": [DAY, DAY, DAY + pd.Timedelta(days=1)],
        "created_timestamp": [DAY, DAY, DAY + pd.Timedelta(days=2)],
        "MEDV": 1.0,
    }
)


def test_each_house_is_asked_for_at_the_time_of_its_last_price() -> None:
    asked = spine(HISTORY)
    assert asked["house_id"].tolist() == [1, 2]
    assert asked["event_timestamp"].tolist() == [DAY, DAY + pd.Timedelta(days=1)]


def test_a_price_that_was_written_later_does_not_count() -> None:
    asked = spine(HISTORY, (DAY + pd.Timedelta(days=1)).to_pydatetime())
    assert asked["event_timestamp"].tolist() == [DAY, DAY]


def test_an_answer_may_lack_what_is_nullable() -> None:
    houses = complete(ANSWER, COLUMNS, REQUIRED, FRESH, keep_expired=False)
    assert houses.columns.tolist() == ["house_id", *COLUMNS]
    assert houses["RM"].tolist() == [6.0, 7.0, 8.0]
    assert pd.isna(houses.loc[1, "AGE"])


def test_expired_houses_are_refused_by_name_or_kept_with_missing_features() -> None:
    blank, expired = ANSWER.assign(RM=[6.0, None, 8.0]), np.array([False, True, False])
    with pytest.raises(DataError, match=r"1 of 3 houses have expired \(house_id 2\).*ttl"):
        complete(blank, COLUMNS, REQUIRED, expired, keep_expired=False)
    assert complete(blank, COLUMNS, REQUIRED, expired, keep_expired=True)["house_id"].tolist() == [1, 2, 3]


def test_a_house_that_was_not_observed_before_its_price_is_named_whatever_becomes_of_expired_ones() -> None:
    blank = ANSWER.assign(RM=[6.0, None, 8.0])
    for keep in (True, False):
        with pytest.raises(DataError, match=r"1 houses lack values of RM, MEDV .*\(house_id 2\)"):
            complete(blank, COLUMNS, REQUIRED, FRESH, keep_expired=keep)


def test_of_many_expired_houses_five_are_named() -> None:
    many = pd.concat([ANSWER] * 3).assign(house_id=range(9))
    with pytest.raises(DataError, match=r"house_id 0, 1, 2, 3, 4, …\)"):
        complete(many, COLUMNS, REQUIRED, np.ones(9, dtype=bool), keep_expired=False)
