"""Two feature views of houses, read from each online store that the platform names."""

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.repo_config import RepoConfig
from feast.types import Float64, Int64

from serving.errors import ContractError, ExpiredFeaturesError, UnknownHouseError
from serving.online.lookup import FeatureLookup
from tests.redis_server import redis_server

ROWS_IN_SQLITE, ROWS_IN_REDIS = (
    "serving.online.sqlite_rows.SqliteRowsOnlineStore",
    "serving.online.redis_rows.RedisRowsOnlineStore",
)
NAMES = ("TAX", "RM", "LSTAT")
OF_TOWN, OF_HOUSE = (datetime.now(UTC).replace(microsecond=0) - timedelta(days=days) for days in (20, 2))


@pytest.fixture(scope="module", params=["sqlite", ROWS_IN_SQLITE, "redis", ROWS_IN_REDIS])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    """Houses 1 (in both views), 2 (in one of them) and 3 (a value is missing)."""
    folder = tmp_path_factory.mktemp("online")
    if "sqlite" in request.param:
        yield filled(folder, {"type": request.param, "path": str(folder / "online.db")})
        return
    with redis_server(folder) as port:
        yield filled(folder, {"type": request.param, "connection_string": f"127.0.0.1:{port}"})


def view(folder: Path, name: str, days: int, fields: list[Field], keys: list[Entity]) -> FeatureView:
    source = FileSource(path=str(folder / f"{name}.parquet"), timestamp_field="event_timestamp")
    pd.DataFrame({"house_id": [1], "event_timestamp": [OF_HOUSE]}).to_parquet(source.path)
    return FeatureView(name=name, entities=keys, ttl=timedelta(days=days), schema=fields, source=source)


def filled(folder: Path, online: dict[str, str]) -> FeatureStore:
    registry = {"registry_type": "sql", "path": f"sqlite:///{folder}/registry.db"}
    config = RepoConfig(
        project="two_views",
        provider="local",
        registry=registry,
        online_store=online,
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    house = Entity(name="house", join_keys=["house_id"], value_type=ValueType.INT64)
    street = Entity(name="street", join_keys=["street_id"], value_type=ValueType.INT64)
    town = view(folder, "town", 30, [Field(name="TAX", dtype=Int64)], [house])
    rooms = view(folder, "rooms", 0, [Field(name="RM", dtype=Float64), Field(name="LSTAT", dtype=Float64)], [house])
    streets = view(folder, "streets", 1, [Field(name="NOX", dtype=Float64)], [street])
    services = [FeatureService(name="both", features=[town, rooms]), FeatureService(name="streets", features=[streets])]
    store.apply([house, street, town, rooms, streets, *services])
    write(store, "town", house_id=[1, 3], TAX=[300, 400], event_timestamp=[OF_TOWN] * 2)
    write(
        store, "rooms", house_id=[1, 2, 3], RM=[6.5, 7.5, 8.5], LSTAT=[4.0, 5.0, None], event_timestamp=[OF_HOUSE] * 3
    )
    return store


def write(store: FeatureStore, name: str, **columns: Any) -> None:
    store.write_to_online_store(name, pd.DataFrame(columns))


def lookup(store: FeatureStore, names: tuple[str, ...] = NAMES, service: str = "both") -> FeatureLookup:
    return FeatureLookup(lambda: store, service, names, 1)


def test_the_values_of_both_views_come_in_the_order_that_was_asked_for(store: FeatureStore) -> None:
    found = lookup(store).find([3, 1])
    assert repr(found.rows) == repr([(400.0, 8.5, math.nan), (300.0, 6.5, 4.0)])
    assert lookup(store, ("LSTAT", "TAX")).find([1]).rows == [(4.0, 300.0)]


def test_the_event_time_is_that_of_the_view_that_was_observed_longest_ago(store: FeatureStore) -> None:
    assert lookup(store).find([1, 2]).event_times == [OF_TOWN.timestamp(), OF_HOUSE.timestamp()]


def test_a_house_that_one_view_lacks_misses_its_values_only(store: FeatureStore) -> None:
    assert repr(lookup(store).find([2]).rows) == repr([(math.nan, 7.5, 5.0)])


def test_a_house_that_no_view_has_is_unknown(store: FeatureStore) -> None:
    with pytest.raises(UnknownHouseError) as caught:
        lookup(store).find([1, 4, -(2**63)])
    assert [one["row"] for one in caught.value.details] == [1, 2]


def test_each_view_expires_by_its_own_ttl_and_one_of_0_never_does(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = lookup(store)
    later = time.time() + 11 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(ExpiredFeaturesError) as caught:
        opened.find([2, 1])
    (detail,) = caught.value.details
    assert (detail["row"], detail["ttl"]) == (1, "30 days, 0:00:00")
    assert datetime.fromisoformat(detail["event_time"]) == OF_TOWN
    assert lookup(store, ("RM",)).find([1]).expired == []


def test_views_of_other_entities_and_features_that_no_view_has_are_refused(store: FeatureStore) -> None:
    with pytest.raises(ContractError, match="street_id"):
        lookup(store, ("NOX",), "streets")
    with pytest.raises(ContractError, match="AGE"):
        lookup(store, ("RM", "AGE"))
