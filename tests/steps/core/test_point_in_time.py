"""Whether an answer is whole and saw no future."""

import numpy as np
import pandas as pd
import pytest

from steps.core.errors import DataError
from steps.core.point_in_time import ROW, check_no_future, check_values, numbered, restored

ASKED = pd.DataFrame({"house_id": [5, 3, 5], "event_timestamp": pd.Timestamp("2026-01-04", tz="UTC")})
NAT = np.datetime64("NaT")


def days(*numbers: int | None) -> "np.ndarray[tuple[int], np.dtype[np.datetime64]]":
    return np.array([NAT if n is None else np.datetime64(f"2026-01-{n:02}") for n in numbers], "datetime64[us]")


def test_equal_rows_are_asked_for_once_and_come_back_as_often_as_they_were() -> None:
    different, places = numbered(ASKED)
    assert different["house_id"].tolist() == [5, 3]
    whole, counts = restored(different.assign(RM=[6.0, 7.0]), different, places)
    assert whole["RM"].tolist() == [6.0, 7.0, 6.0]
    assert counts == {"lost": 0, "doubled": 0, "reordered": 0}
    assert ROW not in whole


def test_lost_doubled_and_reordered_rows_are_told_and_put_right() -> None:
    different, places = numbered(ASKED.assign(house_id=[1, 2, 3]))
    answer = different.assign(RM=[6.0, 7.0, 8.0]).iloc[[2, 0, 0]]
    whole, counts = restored(answer, different, places)
    assert counts == {"lost": 1, "doubled": 1, "reordered": 1}
    assert whole["house_id"].tolist() == [1, 2, 3]
    assert whole["event_timestamp"].notna().all()
    assert [None if pd.isna(value) else value for value in whole["RM"]] == [6.0, None, 8.0]


def test_two_answers_for_one_row_are_an_error() -> None:
    different, places = numbered(ASKED)
    answer = pd.concat([different.assign(RM=6.0), different.assign(RM=7.0).head(1)])
    with pytest.raises(DataError, match="differently for the same row"):
        restored(answer, different, places)


def test_a_value_that_was_observed_after_its_limit_is_named_with_both_times() -> None:
    rows = pd.DataFrame({"house_id": [7, 8, 9]})
    check_no_future({"houses": days(1, None, 4)}, days(1, 2, 5), rows, "house_id")
    with pytest.raises(DataError, match=r"1 rows of houses see the future, first house_id 9: .*01-06.*01-05"):
        check_no_future({"houses": days(1, None, 6)}, days(1, 2, 5), rows, "house_id")


def test_a_value_that_is_not_what_the_history_says_is_named_with_both() -> None:
    right = pd.DataFrame({"house_id": [7, 8], "RM": [6.0, np.nan]})
    check_values(right, right, ["RM"], "house_id")
    with pytest.raises(DataError, match=r"RM of house_id 8 is 9; by its history it was nan"):
        check_values(right.assign(RM=[6.0, 9.0]), right, ["RM"], "house_id")
