"""Listings that are pushed reach the offline and the online store at once, once, and stay."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from serving.contract import HOUSE_FEATURES
from serving.settings import read_settings
from steps import push_listing
from steps.core.errors import DataError
from steps.core.publication import CREATED, EVENT
from steps.core.rejection import RejectedRowsError
from steps.feature_store.definitions import apply_definitions
from steps.feature_store.offline_store import history_path, read_history
from steps.materialize import bring_online
from steps.publish_features import publish
from steps.push_listing import Push
from tests.houses import boston, publication
from tests.redis_server import redis_server

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = [name for name in boston().columns if name not in ("house_id", "MEDV")]
STORES = [
    "serving.online.sqlite_rows.SqliteRowsOnlineStore",
    "serving.online.redis_rows.RedisRowsOnlineStore",
    "sqlite",
    "redis",
]


@pytest.fixture(params=STORES)
def offline(request: pytest.FixtureRequest, platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A platform with ten houses, offline and online."""
    if "sqlite" in request.param:
        monkeypatch.setenv("HPP_ONLINE_STORE", f'{{type: {request.param}, path: "{platform_dir}/online.db"}}')
        yield published()
        return
    with redis_server(platform_dir) as port:
        setting = f'{{type: {request.param}, connection_string: "127.0.0.1:{port}"}}'
        monkeypatch.setenv("HPP_ONLINE_STORE", setting)
        yield published()


def published() -> None:
    apply_definitions(read_settings())
    publish(boston().iloc[:10], publication(), read_settings(), NOON)
    assert bring_online(read_settings(), NOON).written == 10


def listing(house: int | None = None, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = boston().loc[100, NAMES].to_dict() | changes
    return values if house is None else {"house_id": house, **values}


def pushed(*listings: dict[str, Any], hours: float = 1) -> list[Push]:
    data = json.dumps(list(listings), default=float).encode()
    return push_listing.push(data, "the test", read_settings(), NOON + timedelta(hours=hours))


def history() -> pd.DataFrame:
    return read_history(history_path(read_settings().offline_dir, HOUSE_FEATURES), NAMES)


def online(house: int, name: str = "RM") -> float | None:
    rows = [{"house_id": house}]
    reply = read_settings().feature_store().get_online_features([f"house_features:{name}"], rows).to_dict()
    value: float | None = reply[name][0]
    return value


def test_listings_are_stored_and_served_once_and_materializing_changes_nothing_of_it(offline: None) -> None:
    new, changed = listing(RM=6.125, AGE=None), listing(3, RM=7.125)
    assert pushed(new, changed) == [Push(10, stored=True, served=True), Push(3, stored=True, served=True)]
    assert (online(10), online(10, "AGE"), online(3)) == (6.125, None, 7.125)
    assert pushed(new, changed, hours=2) == [Push(10, stored=False, served=True), Push(3, stored=False, served=True)]
    assert len(history()) == 12
    late = listing(3, RM=8.125, event_timestamp=(NOON - timedelta(days=1)).isoformat())
    assert pushed(late, hours=3) == [Push(3, stored=True, served=False)]
    assert online(3) == 7.125
    bring_online(read_settings(), NOON + timedelta(hours=4))
    assert (online(10), online(3), online(5)) == (6.125, 7.125, boston().loc[5, "RM"])
    assert len(history()) == 13


def test_a_refused_listing_stores_nothing_and_is_told_as_for_a_data_set(offline: None) -> None:
    with pytest.raises(RejectedRowsError, match="row 1: RM is 42; wanted 3 to 9"):
        pushed(listing(RM=6.5), listing(RM=42))
    with pytest.raises(RejectedRowsError, match="NOX is missing; wanted"):
        pushed(listing(NOX=None))
    assert len(history()) == 10


def test_the_first_push_of_a_platform_makes_its_history(platform_dir: Path) -> None:
    apply_definitions(read_settings())
    assert pushed(listing(RM=6.5)) == [Push(0, stored=True, served=True)]
    assert history()[EVENT].tolist() == history()[CREATED].tolist() == [pd.Timestamp(NOON + timedelta(hours=1))]
    assert online(0) == 6.5


def test_a_push_that_died_before_it_was_online_is_mended_by_the_next_materialization(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published()
    with monkeypatch.context() as patch:
        patch.setattr(push_listing, "SOURCE", "no such source")
        with pytest.raises(Exception, match="no such source"):
            pushed(listing(3, RM=7.125))
    assert online(3) == boston().loc[3, "RM"]
    assert bring_online(read_settings(), NOON + timedelta(hours=2)).written == 1
    assert online(3) == 7.125


def test_a_file_that_is_not_there_or_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        push_listing.read(str(tmp_path / "none.csv"))
    monkeypatch.setattr(push_listing, "MOST_BYTES", 3)
    (tmp_path / "large.csv").write_text("RM,AGE")
    with pytest.raises(DataError, match="larger than"):
        push_listing.read(str(tmp_path / "large.csv"))
