"""Our own online stores beside Feast's: the same answers, the newest row stays, readers and writers at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.repo_config import RepoConfig
from feast.types import Bool, Float32, Float64, Int64, String

from tests.redis_server import redis_server

ROWS_IN_SQLITE, ROWS_IN_REDIS = (
    "serving.online.sqlite_rows.SqliteRowsOnlineStore",
    "serving.online.redis_rows.RedisRowsOnlineStore",
)
NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TYPES = {"RM": Float64, "TAX": Int64, "AGE": Float32, "STREET": String, "RIVER": Bool}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


def opened(
    kind: str, folder: Path, port: int, types: dict[str, Any] = TYPES, keys: tuple[str, ...] = ("house_id",)
) -> FeatureStore:
    """A store of the kind with one view; each has a Redis project, or a file, of its own."""
    place = {"path": str(folder / "online.db")} if "sqlite" in kind else {"connection_string": f"127.0.0.1:{port}"}
    config = RepoConfig(
        project=f"p{abs(hash(str(folder)))}{kind[-20:].lower().replace('.', '')}",
        provider="local",
        registry={"registry_type": "sql", "path": f"sqlite:///{folder}/registry.db"},
        online_store={"type": kind, **place},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    source = FileSource(
        path=str(folder / "houses.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
    )
    houses(types, keys).to_parquet(source.path)
    kinds = {"house_id": ValueType.INT64, "street": ValueType.STRING}
    entities = [Entity(name=f"the_{key}", join_keys=[key], value_type=kinds[key]) for key in keys]
    schema = [Field(name=name, dtype=kind) for name, kind in types.items()]
    store.apply(
        [*entities, FeatureView(name="houses", entities=entities, ttl=timedelta(0), schema=schema, source=source)]
    )
    return store


def houses(types: dict[str, Any] = TYPES, keys: tuple[str, ...] = ("house_id",), **changes: Any) -> pd.DataFrame:
    """House 1 with all values, house 2 without; a negative id is one too."""
    values: dict[str, list[Any]] = {
        "RM": [6.5, None, -0.0], "TAX": [300, 400, -(2**53)], "AGE": [0.5, None, 1.0], "STREET": ["Elm, 1", None, ""],
        "RIVER": [True, False, True], "GARDEN": [1.0, 2.0, 3.0],
    }  # fmt: skip
    ids = {"house_id": [1, 2, -3], "street": ["a", "b", "c"]}
    times = {"event_timestamp": [NOON] * 3, "created_timestamp": [NOON] * 3}
    return pd.DataFrame({key: ids[key] for key in keys} | {name: values[name] for name in types} | times).assign(
        **changes
    )


def read(store: FeatureStore, names: list[str], ids: list[int]) -> dict[str, list[Any]]:
    rows = [{"house_id": one} for one in ids]
    answer: dict[str, list[Any]] = store.get_online_features([f"houses:{name}" for name in names], rows).to_dict()
    return answer


@pytest.mark.parametrize(("ours", "feasts"), [(ROWS_IN_SQLITE, "sqlite"), (ROWS_IN_REDIS, "redis")])
def test_every_kind_of_value_reads_as_from_feasts_own_store(ours: str, feasts: str, tmp_path: Path, port: int) -> None:
    answers = []
    for kind in (ours, feasts):
        (tmp_path / kind).mkdir()
        store = opened(kind, tmp_path / kind, port)
        store.write_to_online_store("houses", houses())
        answers.append(read(store, list(TYPES), [2, 1, -3, 99]))
    assert answers[0] == answers[1]
    assert answers[0]["STREET"][1:3] == ["Elm, 1", ""]


@pytest.mark.parametrize("kind", [ROWS_IN_SQLITE, ROWS_IN_REDIS])
def test_a_view_of_two_keys_reads_as_it_was_written(kind: str, tmp_path: Path, port: int) -> None:
    keys = ("house_id", "street")
    store = opened(kind, tmp_path, port, {"RM": Float64}, keys)
    store.write_to_online_store("houses", houses({"RM": Float64}, keys))
    rows = [{"house_id": 1, "street": "a"}, {"house_id": 1, "street": "b"}]
    assert store.get_online_features(["houses:RM"], rows).to_dict()["RM"] == [6.5, None]


def test_rows_in_redis_are_those_of_feasts_own_store_and_two_times(tmp_path: Path, port: int) -> None:
    """So a service that was not told of our store reads them too."""
    store = opened(ROWS_IN_REDIS, tmp_path, port)
    store.write_to_online_store("houses", houses())
    config = store.config.model_copy()
    plain = RepoConfig(
        project=config.project,
        provider="local",
        registry={"registry_type": "sql", "path": f"sqlite:///{tmp_path}/registry.db"},
        online_store={"type": "redis", "connection_string": f"127.0.0.1:{port}"},
        entity_key_serialization_version=3,
    )
    assert read(FeatureStore(config=plain), list(TYPES), [1, 2]) == read(store, list(TYPES), [1, 2])


@pytest.mark.parametrize("kind", [ROWS_IN_SQLITE, ROWS_IN_REDIS])
def test_the_newest_row_stays_by_event_time_and_then_by_creation_time_to_the_microsecond(
    kind: str, tmp_path: Path, port: int
) -> None:
    store = opened(kind, tmp_path, port, {"RM": Float64})
    tick = timedelta(microseconds=1)
    for event, created, value, stays in [
        (NOON, NOON, 6.0, 6.0),
        (NOON - tick, NOON + tick, 5.0, 6.0),  # late: observed before
        (NOON, NOON - tick, 5.0, 6.0),  # an older statement of the same observation
        (NOON, NOON + tick, 7.0, 7.0),  # a correction
        (NOON, NOON + tick, 7.0, 7.0),  # the same once more
        (NOON + tick, NOON, 8.0, 8.0),
    ]:
        row = houses({"RM": Float64}, event_timestamp=event, created_timestamp=created, RM=value)
        store.write_to_online_store("houses", row)
        assert read(store, ["RM"], [1])["RM"] == [stays]


def test_many_threads_get_each_its_own_answer(tmp_path: Path, port: int) -> None:
    store = opened(ROWS_IN_SQLITE, tmp_path, port, {"RM": Float64})
    ids = list(range(200))
    times = {"event_timestamp": NOON, "created_timestamp": NOON}
    store.write_to_online_store(
        "houses", pd.DataFrame({"house_id": ids, "RM": [float(one) for one in ids]}).assign(**times)
    )
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: read(store, ["RM"], [one])["RM"], ids * 3))
    assert found == [[float(one)] for one in ids * 3]


def test_look_ups_go_on_while_rows_are_written(tmp_path: Path, port: int) -> None:
    store = opened(ROWS_IN_SQLITE, tmp_path, port, {"RM": Float64})
    view, online = store.get_feature_view("houses"), store.provider.online_store
    start = int(NOON.timestamp() * 1e6)
    online.write_rows(store.config, view, [(house, start, start, 0.0) for house in range(1000)])
    done = threading.Event()

    def write() -> None:
        for number in range(1, 40):
            online.write_rows(store.config, view, [(one, start + number, start, float(number)) for one in range(1000)])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not done.is_set():
        both = online.read_numbers(store.config, view, [0, 999], ("RM",))
        assert both[0] == both[1], "a batch is seen whole or not at all"
        seen.append(both[0][1][0])
    writer.join()
    assert seen == sorted(seen)
    assert len(set(seen)) > 1


def test_a_new_feature_is_missing_in_the_rows_so_far_and_a_view_that_goes_takes_its_rows_along(
    tmp_path: Path, port: int
) -> None:
    store = opened(ROWS_IN_SQLITE, tmp_path, port, {"RM": Float64})
    store.write_to_online_store("houses", houses({"RM": Float64}))
    store = opened(ROWS_IN_SQLITE, tmp_path, port, {"RM": Float64, "GARDEN": Float64})
    assert read(store, ["RM", "GARDEN"], [1]) == {"house_id": [1], "RM": [6.5], "GARDEN": [None]}
    view = store.get_feature_view("houses")
    store.apply([], objects_to_delete=[view], partial=False)
    store.apply([view])
    assert read(store, ["RM"], [1])["RM"] == [None]
