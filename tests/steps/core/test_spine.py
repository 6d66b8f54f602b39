"""What Feast is asked for, and whether its answer is whole."""

import pandas as pd
import pytest

from steps.core.errors import DataError
from steps.core.spine import complete, spine

DAY = pd.Timestamp("2026-03-01", tz="UTC")
ASKED = pd.DataFrame({"house_id": [1, 2, 3], "event_timestamp": DAY})
ANSWER = ASKED.assign(RM=[6.0, 7.0, 8.0], AGE=[50.0, None, 60.0], MEDV=[20.0, 30.0, 40.0])
COLUMNS, REQUIRED = ["RM", "AGE", "MEDV"], ["RM", "MEDV"]


def test_each_house_is_asked_for_at_the_time_of_its_last_price() -> None:
    later = DAY + pd.Timedelta(days=1)
    history = pd.DataFrame(
        {"house_id": [2, 1, 2], "event_timestamp": [DAY, DAY, later], "created_timestamp": DAY, "MEDV": 1.0}
    )
    asked = spine(history)
    assert asked["house_id"].tolist() == [1, 2]
    assert asked["event_timestamp"].tolist() == [DAY, later]


def test_a_reordered_answer_is_put_in_order_and_may_lack_what_is_nullable() -> None:
    houses = complete(ANSWER.iloc[::-1], ASKED, COLUMNS, REQUIRED)
    assert houses.columns.tolist() == ["house_id", *COLUMNS]
    assert houses["house_id"].tolist() == [1, 2, 3]
    assert houses["RM"].tolist() == [6.0, 7.0, 8.0]
    assert pd.isna(houses.loc[1, "AGE"])


def test_a_house_that_feast_dropped_is_named() -> None:
    with pytest.raises(DataError, match=r"2 rows for 3 houses; 1 are lost \(house_id 2\).*ttl"):
        complete(ANSWER.drop(index=1), ASKED, COLUMNS, REQUIRED)


def test_a_doubled_house_is_an_error() -> None:
    with pytest.raises(DataError, match="4 rows for 3 houses"):
        complete(pd.concat([ANSWER, ANSWER.head(1)]), ASKED, COLUMNS, REQUIRED)


def test_a_house_that_was_not_observed_before_its_price_is_named() -> None:
    blank = ANSWER.assign(RM=[6.0, None, 8.0])
    with pytest.raises(DataError, match=r"1 houses lack values of RM, MEDV .*\(house_id 2\)"):
        complete(blank, ASKED, COLUMNS, REQUIRED)


def test_of_many_lost_houses_five_are_named() -> None:
    many = pd.DataFrame({"house_id": range(9), "event_timestamp": DAY})
    with pytest.raises(DataError, match=r"house_id 0, 4, 5, 6, 7, …\)"):
        complete(ANSWER, many, COLUMNS, REQUIRED)
