"""Features of houses from a real online store."""

import contextlib
import json
import math
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.errors import ExpiredFeaturesError, OnlineStoreError, UnknownHouseError
from serving.online import lookup
from serving.online.lookup import Cache, FeatureLookup
from serving.online.online_read import Stored
from serving.settings import Settings
from tests.serving_platform import MISSING, USED, ServingPlatform, copy_online_store

TABLE = '"house_prices_house_features_rows"'

Open = Callable[..., FeatureLookup]


@pytest.fixture
def database(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    copy = copy_online_store(serving_platform, tmp_path / "online.db")
    monkeypatch.setenv(
        "HPP_ONLINE_STORE", f'{{type: serving.online.sqlite_rows.SqliteRowsOnlineStore, path: "{copy}"}}'
    )
    return copy


@pytest.fixture
def open_lookup(database: Path, serving_settings: Settings) -> Open:
    return lambda size=1, **more: FeatureLookup(serving_settings.feature_store, "house_price_v1", USED, size, **more)


def test_houses_come_in_the_order_and_number_of_the_ids(open_lookup: Open, serving_platform: ServingPlatform) -> None:
    wanted = serving_platform.frame[list(USED)].to_numpy().tolist()
    assert [list(row) for row in open_lookup().find([7, 5, 7]).rows] == [wanted[7], wanted[5], wanted[7]]


def test_a_missing_value_of_a_known_house_is_nan(open_lookup: Open) -> None:
    (values,) = open_lookup().find([MISSING]).rows
    assert [name for name, value in zip(USED, values, strict=True) if math.isnan(value)] == ["CRIM"]


def test_the_event_times_are_those_of_the_stored_features(open_lookup: Open, database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        ((stored, count),) = connection.execute(f"select min(_event_us), count(distinct _event_us) from {TABLE}")  # noqa: S608  # our own table
    assert count == 1
    assert open_lookup().find([1, 2]).event_times == [stored / 1e6, stored / 1e6]


def age(database: Path, houses: int, days: float) -> None:
    """Let the features of the first houses in the database be so old."""
    moment = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(f"update {TABLE} set _event_us = ? where _key < ?", [int(moment * 1e6), houses])  # noqa: S608  # our own table
        connection.commit()


def test_features_older_than_the_ttl_of_their_view_are_refused_with_all_that_is_needed_to_mend_it(
    open_lookup: Open, database: Path
) -> None:
    age(database, 3, days=366)
    with pytest.raises(ExpiredFeaturesError) as caught:
        open_lookup().find([5, 2, 1])
    assert (caught.value.status, caught.value.reason) == (404, "FEATURES_EXPIRED")
    assert [(one["row"], one["house_id"]) for one in caught.value.details] == [(1, 2), (2, 1)]
    detail = caught.value.details[0]
    assert datetime.fromisoformat(detail["event_time"]) < datetime.now(UTC) - timedelta(days=365)
    assert detail["ttl"].startswith("365 days")
    assert "materialize" in detail["remedy"]
    json.dumps(caught.value.details)


def test_features_younger_than_the_ttl_are_not_refused(open_lookup: Open, database: Path) -> None:
    age(database, 3, days=364)
    assert open_lookup().find([2]).expired == []


def test_expired_features_are_answered_and_flagged_by_setting(
    open_lookup: Open, database: Path, serving_platform: ServingPlatform
) -> None:
    age(database, 3, days=366)
    found = open_lookup(expired="flag").find([5, 2, 1])
    assert found.expired == [1, 2]
    assert list(found.rows[1]) == serving_platform.frame.loc[2, list(USED)].tolist()


def test_features_expire_in_the_cache_too(open_lookup: Open, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_lookup(cache_s=3600)
    assert opened.find([2]).expired == []
    later = time.time() + 365 * 86_400
    monkeypatch.setattr(lookup.time, "time", lambda: later)
    with pytest.raises(ExpiredFeaturesError):
        opened.find([2])


def forget_houses(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(f"delete from {TABLE}")  # noqa: S608  # our own table
        connection.commit()


def test_a_cached_house_is_not_looked_up_again_until_its_time_is_over(
    open_lookup: Open, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    opened = open_lookup(cache_s=5, observe=asked.append)
    first = opened.find([1, 2])
    forget_houses(database)
    assert opened.find([2, 1, 2]).rows == [first.rows[1], first.rows[0], first.rows[1]]
    assert len(asked) == 1
    later = time.monotonic() + 6
    monkeypatch.setattr(lookup.time, "monotonic", lambda: later)
    with pytest.raises(UnknownHouseError):
        opened.find([1])
    assert len(asked) == 2


def test_without_a_cache_every_question_goes_to_the_store(open_lookup: Open, database: Path) -> None:
    opened = open_lookup(cache_s=0)
    opened.find([1])
    forget_houses(database)
    with pytest.raises(UnknownHouseError):
        opened.find([1])


def test_a_house_that_was_not_found_is_found_as_soon_as_it_is_there(open_lookup: Open, database: Path) -> None:
    opened = open_lookup(cache_s=3600)
    with pytest.raises(UnknownHouseError):
        opened.find([9999])
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(f"update {TABLE} set _key = 9999 where _key = 7")  # noqa: S608  # our own table
        connection.commit()
    assert len(opened.find([9999]).rows) == 1


def test_the_cache_is_bounded_and_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST_CACHED", 100)
    cache, stored = Cache(60), Stored((1.0,), 0.0, 1.0, 1.0, 0.0)
    for house in range(1000):
        cache.put({house: stored})
    assert [house for house in range(1000) if cache.get(house)] == list(range(900, 1000))


def test_a_known_house_passes_however_old_and_an_unknown_one_does_not(open_lookup: Open, database: Path) -> None:
    age(database, 3, days=366)
    opened = open_lookup()
    opened.require([2, 5])
    with pytest.raises(UnknownHouseError):
        opened.require([2, 9999])


def test_each_unknown_house_is_named_by_its_row(open_lookup: Open) -> None:
    with pytest.raises(UnknownHouseError) as caught:
        open_lookup().find([1, 9999, 2, 9999])
    assert [(one["row"], one["value"]) for one in caught.value.details] == [(1, 9999), (3, 9999)]


def test_more_threads_than_stores_wait_and_get_their_own_houses(
    open_lookup: Open, serving_platform: ServingPlatform
) -> None:
    wanted = serving_platform.frame["RM"].tolist()
    opened = open_lookup(2)
    houses = [number % 506 for number in range(0, 500 * 11, 11)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda house: opened.find([house]).rows[0][USED.index("RM")], houses))
    assert found == [wanted[house] for house in houses]


def test_a_store_that_fails_is_an_error_with_a_status_and_serves_again_when_it_is_back(
    open_lookup: Open, database: Path
) -> None:
    opened = open_lookup()
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(f"alter table {TABLE} rename to gone")
        with pytest.raises(OnlineStoreError, match="does not answer") as caught:
            opened.find([1])
        assert caught.value.status == 503
        connection.execute(f"alter table gone rename to {TABLE}")
    assert len(opened.find([1]).rows) == 1


def test_a_caller_does_not_wait_for_ever_for_a_store(open_lookup: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_lookup()
    monkeypatch.setattr(lookup, "LONGEST_WAIT_S", 0.05)
    with opened._reader(), pytest.raises(OnlineStoreError, match="busy"):
        opened.find([1])
