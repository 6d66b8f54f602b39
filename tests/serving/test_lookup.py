"""Features of houses from a real online store."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving import lookup
from serving.errors import OnlineStoreError, UnknownHouseError
from serving.lookup import FeatureLookup
from serving.settings import Settings
from tests.serving_platform import MISSING, USED, ServingPlatform

Open = Callable[[int], FeatureLookup]


@pytest.fixture
def database(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    copy = Path(shutil.copy(serving_platform.var / "feast" / "online.db", tmp_path / "online.db"))
    monkeypatch.setenv("HPP_ONLINE_STORE", f'{{type: sqlite, path: "{copy}"}}')
    return copy


@pytest.fixture
def open_lookup(database: Path, serving_settings: Settings) -> Open:
    return lambda size: FeatureLookup(serving_settings.feature_store, "house_price_v1", USED, size)


def test_houses_come_in_the_order_and_number_of_the_ids(open_lookup: Open, serving_platform: ServingPlatform) -> None:
    wanted = serving_platform.frame[list(USED)].to_numpy().tolist()
    assert open_lookup(1).find([7, 5, 7]) == [wanted[7], wanted[5], wanted[7]]


def test_a_missing_value_of_a_known_house_is_none(open_lookup: Open) -> None:
    (values,) = open_lookup(1).find([MISSING])
    assert [name for name, value in zip(USED, values, strict=True) if value is None] == ["CRIM"]


def test_each_unknown_house_is_named_by_its_row(open_lookup: Open) -> None:
    with pytest.raises(UnknownHouseError) as caught:
        open_lookup(1).find([1, 9999, 2, 9999])
    assert [(one["row"], one["value"]) for one in caught.value.details] == [(1, 9999), (3, 9999)]


def test_more_threads_than_stores_wait_and_get_their_own_houses(
    open_lookup: Open, serving_platform: ServingPlatform
) -> None:
    wanted = serving_platform.frame["RM"].tolist()
    opened = open_lookup(2)
    houses = [number % 506 for number in range(0, 500 * 11, 11)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda house: opened.find([house])[0][USED.index("RM")], houses))
    assert found == [wanted[house] for house in houses]


def test_a_store_that_fails_is_an_error_with_a_status_and_serves_again_when_it_is_back(
    open_lookup: Open, database: Path
) -> None:
    opened = open_lookup(1)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (table,) = connection.execute("select name from sqlite_master where name like '%house_features'").fetchone()
        connection.execute(f'alter table "{table}" rename to gone')
        with pytest.raises(OnlineStoreError, match="does not answer") as caught:
            opened.find([1])
        assert caught.value.status == 503
        connection.execute(f'alter table gone rename to "{table}"')
    assert len(opened.find([1])) == 1


def test_a_caller_does_not_wait_for_ever_for_a_store(open_lookup: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_lookup(1)
    monkeypatch.setattr(lookup, "LONGEST_WAIT_S", 0.05)
    with opened._store(), pytest.raises(OnlineStoreError, match="busy"):
        opened.find([1])
