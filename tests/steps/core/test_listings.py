"""Listings that are pushed: what may come, and what is news."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from steps.core.errors import DataError
from steps.core.listings import numbered, read_listings, unseen
from steps.core.publication import CREATED, EVENT, stamp
from steps.core.rejection import RejectedRowsError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = ["RM", "AGE"]
STORED = pd.DataFrame(
    {"house_id": [7, 7, 8], "RM": [5.0, 6.0, 7.0], "AGE": [10.0, 10.0, None]}
    | {EVENT: pd.to_datetime([NOON - timedelta(days=days) for days in (9, 5, 5)], utc=True)}
    | {CREATED: pd.to_datetime([NOON - timedelta(days=days) for days in (8, 4, 4)], utc=True)}
)


def listings(text: str) -> pd.DataFrame:
    return read_listings(text.encode(), COLUMNS, "new.csv", NOON)


@pytest.mark.parametrize(
    "text",
    [
        "house_id,AGE,RM\n7,,6.5\n",
        '{"house_id": 7, "RM": 6.5, "AGE": null}',
        '[{"RM": 6.5, "house_id": 7, "AGE": null, "event_timestamp": ""}]',
    ],
)
def test_csv_and_json_say_the_same(text: str) -> None:
    (row,) = listings(text).to_dict("records")
    assert (row["house_id"], row["RM"], pd.isna(row["AGE"]), pd.isna(row[EVENT])) == (7, 6.5, True, True)


def test_a_time_of_its_own_is_read_with_its_zone() -> None:
    (row,) = listings("RM,AGE,event_timestamp\n6,10,2026-03-01T12:30:00+01:00\n").to_dict("records")
    assert row[EVENT] == pd.Timestamp("2026-03-01T11:30:00Z")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RM,AGE,event_timestamp\n6,10,2026-03-01T12:00:01Z\n", r"row 0: .* lies in the future"),
        ("RM,AGE,event_timestamp\n6,10,2026-02-01\n", "has no zone"),
        ("RM,AGE,event_timestamp\n6,10,soon\n", "event_timestamp is 'soon'; wanted an ISO 8601 time"),
        ("house_id,RM,AGE\n7,6,10\n7,6,11\n", "house_id 7 twice"),
        ("RM\n6\n", "missing: 'AGE'"),
        ("RM,AGE,POOL\n6,10,1\n", "not in the contract: 'POOL'"),
        ("RM,AGE\n6\n", "line 2: 1 cells under a header of 2 columns"),
        ('{"RM": 6, ', "is no JSON"),
        ("[]", "holds no listing"),
        ("[1]", "holds no listing"),
        ("", "is empty"),
        ("RM,AGE\n" + "6,10\n" * 1001, "1001 listings; at most 1000"),
    ],
)
def test_what_is_no_listing_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        listings(text)


@pytest.mark.parametrize("value", ["true", '"six"', "[6]", '{"a": 1}', "NaN1", "1e999"])
def test_a_value_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(DataError) as caught:
        listings(f'{{"RM": {value}, "AGE": 10}}')
    assert isinstance(caught.value, RejectedRowsError) or "is no JSON" in str(caught.value)


def test_a_listing_without_a_number_gets_the_one_of_a_house_with_the_very_same_features_or_a_new_one() -> None:
    given = listings("RM,AGE\n6,10\n7,\n5,10\n9,9\n9,9\n")
    assert numbered(given, STORED, COLUMNS, 9)["house_id"].tolist() == [7, 8, 9, 10, 10]


def news(text: str) -> list[tuple[int, float]]:
    given = numbered(listings(text), STORED, COLUMNS, 9)
    added = unseen(given, STORED, COLUMNS, NOON, NOON)
    assert set(added[CREATED]) <= {pd.Timestamp(NOON)}
    return list(zip(added["house_id"].tolist(), added["RM"].tolist(), strict=True))


def test_a_listing_without_a_time_is_news_if_it_differs_from_the_last_observation() -> None:
    assert news("house_id,RM,AGE\n7,6,10\n8,7.5,\n5,4,1\n") == [(8, 7.5), (5, 4.0)]
    assert news("house_id,RM,AGE\n7,5,10\n") == [(7, 5.0)]  # back to what it was


def test_a_listing_with_a_time_is_news_if_nothing_or_something_else_was_said_of_that_time() -> None:
    assert news("house_id,RM,AGE,event_timestamp\n7,5,10,2026-02-20T12:00:00Z\n") == []
    assert news("house_id,RM,AGE,event_timestamp\n7,5.5,10,2026-02-20T12:00:00Z\n") == [(7, 5.5)]
    assert news("house_id,RM,AGE,event_timestamp\n7,5,10,2026-02-21T12:00:00Z\n") == [(7, 5.0)]


def test_a_row_is_created_after_every_row_that_is_stored_whatever_the_clock_says() -> None:
    assert stamp(NOON, None) == NOON
    assert stamp(NOON, NOON - timedelta(seconds=1)) == NOON
    assert stamp(NOON, NOON + timedelta(hours=1)) == NOON + timedelta(hours=1, microseconds=1)
