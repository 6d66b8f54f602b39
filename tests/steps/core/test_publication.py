"""Which observations are new, and how the history grows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from steps.core.errors import DataError
from steps.core.publication import append, latest, news, observed, same_values

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUSES = pd.DataFrame({"house_id": [0, 1], "RM": [6.0, np.nan], "AGE": [10.0, 20.0]})


def stored(houses: pd.DataFrame, time: datetime = NOON) -> pd.DataFrame:
    return observed(houses, time, time)


NONE_YET = stored(HOUSES.iloc[:0])


def test_every_house_is_news_to_an_empty_store() -> None:
    assert news(NONE_YET, HOUSES, ["RM", "AGE"])["house_id"].tolist() == [0, 1]


def test_an_unchanged_house_is_no_news_even_where_a_value_is_missing() -> None:
    assert news(stored(HOUSES), HOUSES, ["RM", "AGE"]).empty


@pytest.mark.parametrize(("house", "column", "value"), [(0, "RM", 7.0), (0, "RM", np.nan), (1, "RM", 5.0)])
def test_a_house_of_which_one_value_changed_is_news(house: int, column: str, value: float) -> None:
    changed = HOUSES.copy()
    changed.loc[house, column] = value
    assert news(stored(HOUSES), changed, ["RM", "AGE"])["house_id"].tolist() == [house]


def test_a_house_is_held_against_its_last_observation_only() -> None:
    changed = HOUSES.assign(RM=[8.0, 8.0])
    history = append(stored(HOUSES), stored(changed, NOON + timedelta(days=1)))
    assert news(history, changed, ["RM", "AGE"]).empty
    assert news(history, HOUSES, ["RM", "AGE"])["house_id"].tolist() == [0, 1]


def test_a_house_without_any_value_is_stored_once() -> None:
    empty = HOUSES.assign(RM=np.nan, AGE=np.nan)
    assert len(news(NONE_YET, empty, ["RM", "AGE"])) == 2
    assert news(stored(empty), empty, ["RM", "AGE"]).empty


def test_of_two_observations_of_one_time_the_later_created_is_the_last() -> None:
    history = pd.concat([observed(HOUSES.assign(RM=9.0), NOON, NOON + timedelta(1)), stored(HOUSES)])
    assert latest(history)["RM"].tolist() == [9.0, 9.0]


def test_an_observation_carries_both_times_and_missing_values_stay_missing() -> None:
    rows = observed(HOUSES, NOON - timedelta(days=30), NOON)
    assert list(rows.columns) == ["house_id", "event_timestamp", "created_timestamp", "RM", "AGE"]
    assert rows["event_timestamp"].iloc[0] == pd.Timestamp("2025-12-02T12:00Z")
    assert rows["created_timestamp"].iloc[1] == pd.Timestamp("2026-01-01T12:00Z")
    assert str(rows["RM"].dtype) == "Float64"
    assert rows["RM"].isna().tolist() == [False, True]


def test_the_history_is_only_ever_added_to() -> None:
    first = stored(HOUSES)
    history = append(first, stored(HOUSES.iloc[:1], NOON + timedelta(days=1)))
    pd.testing.assert_frame_equal(history.iloc[:2], first)
    assert len(history) == 3


def test_an_observation_that_would_be_hidden_by_a_later_one_is_refused() -> None:
    with pytest.raises(DataError, match=r"1 changed houses, first house_id 1.*target_lag_days"):
        append(stored(HOUSES), stored(HOUSES.iloc[1:], NOON - timedelta(days=1)))


def test_stores_agree_where_values_are_equal_or_missing_in_both() -> None:
    online = HOUSES.assign(AGE=[10.0, None])
    assert same_values(stored(HOUSES), HOUSES, ["RM", "AGE"]).all()
    assert same_values(stored(HOUSES), online, ["RM", "AGE"]).tolist() == [True, False]
