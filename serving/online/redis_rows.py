"""Feast's Redis online store, in which a row is replaced by a newer one alone, whoever writes at once.

Feast's own asks for the stored times in one round trip and writes in the next: a push in between is lost, and a
correction with the same event time is never written. Here Redis compares and writes in one script a row. What is
stored is what Feast's own store keeps, and two more members of the hash: the row's event and creation time.
"""

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from feast import FeatureView
from feast.infra.online_stores.helpers import _mmh3, compute_versioned_name
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig, RedisType
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import RepoConfig
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]  # no stubs are installed

from serving.online.stored_values import Row, Written, kind_of, microseconds, serialized_key, value_of

DOUBLE = struct.Struct("<d")
DOUBLE_TAG = b"\x29"  # Value.double_val is member 5, eight bytes: 5 << 3 | 1
WRITE_IF_NEWER = """
local was = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2])
local event, created = tonumber(was[1] or nil), tonumber(was[2] or nil)
if event and (event > tonumber(ARGV[3]) or (event == tonumber(ARGV[3]) and created > tonumber(ARGV[4]))) then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[2], ARGV[4], unpack(ARGV, 6))
if ARGV[5] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[5]) end
return 1
"""


class RedisRowsOnlineStoreConfig(RedisOnlineStoreConfig):
    """`{type: serving.online.redis_rows.RedisRowsOnlineStore, connection_string: "redis:6379"}`; the rest: Feast's."""

    type: Any = "serving.online.redis_rows.RedisRowsOnlineStore"  # Feast's class says Literal["redis"]
    redis_type: Literal[RedisType.redis, RedisType.redis_sentinel] = RedisType.redis


class RedisRowsOnlineStore(RedisOnlineStore):
    """Feast's hashes, compared and written in Redis itself; the newest by event time, then by creation time, stays."""

    keeps_newest = True

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], tuple[KeyMaker, list[str | bytes]]] = {}

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Write rows of Feast's protocol in one round trip."""
        names = [field.name for field in table.features]
        version = config.entity_key_serialization_version
        rows = (
            (
                serialized_key(entity, version) + config.project.encode(),
                microseconds(event),
                0 if created is None else microseconds(created),
                [values.get(name, Value()).SerializeToString() for name in names],
            )
            for entity, values, event, created in data
        )
        self._write(config, table, rows)
        if progress:
            progress(len(data))

    def write_rows(self, config: RepoConfig, table: FeatureView, rows: Iterable[Row]) -> None:
        """Write, in one round trip, rows of a whole number as key, event and creation time (us) and the features."""
        kinds = [kind_of(field) for field in table.features]
        key = KeyMaker(config, table)
        self._write(config, table, ((key(row[0]), row[1], row[2], _members(kinds, row[3:])) for row in rows))

    def read_numbers(
        self, config: RepoConfig, table: FeatureView, ids: Sequence[int], features: tuple[str, ...]
    ) -> list[tuple[float, tuple[float, ...]] | None]:
        """Event time (seconds since 1970) and features (NaN where missing) of each id; None where there is nothing."""
        client = self._get_client(config.online_store)
        key, members = self._asked(config, table, features)
        if len(ids) == 1:
            return [_numbers(client.hmget(key(ids[0]), members))]
        with client.pipeline(transaction=False) as pipeline:
            for one in ids:
                pipeline.hmget(key(one), members)
            return [_numbers(answer) for answer in pipeline.execute()]

    def _asked(
        self, config: RepoConfig, table: FeatureView, features: tuple[str, ...]
    ) -> tuple["KeyMaker", list[str | bytes]]:
        """What makes the keys, and the members to ask for; worked out once, since it takes as long as the answer."""
        name = compute_versioned_name(table, config.registry.enable_online_feature_view_versioning)
        known = self._known.get((name, features))
        if known is None:
            members = [*(_mmh3(f"{name}:{feature}") for feature in features), f"_ts:{name}"]
            known = self._known[name, features] = (KeyMaker(config, table), members)
        return known

    def _write(
        self, config: RepoConfig, table: FeatureView, rows: Iterable[tuple[bytes, int, int, list[bytes]]]
    ) -> None:
        name = compute_versioned_name(table, config.registry.enable_online_feature_view_versioning)
        members = [_mmh3(f"{name}:{field.name}") for field in table.features]
        lifetime = config.online_store.key_ttl_seconds or 0
        client = self._get_client(config.online_store)
        digest = client.script_load(WRITE_IF_NEWER)
        with client.pipeline(transaction=False) as pipeline:
            for key, event, created, values in rows:
                stored = [
                    f"_ts:{name}",
                    Timestamp(seconds=event // 10**6, nanos=event % 10**6 * 1000).SerializeToString(),
                ]
                for member, value in zip(members, values, strict=True):
                    stored += (member, value)
                pipeline.evalsha(
                    digest, 1, key, f"_event:{name}", f"_created:{name}", event, created, lifetime, *stored
                )
            pipeline.execute()


class KeyMaker:
    """Makes the Redis key of an entity with one whole number as its key: what Feast's serialization gives."""

    def __init__(self, config: RepoConfig, table: FeatureView) -> None:
        sample = EntityKey(join_keys=list(table.join_keys), entity_values=[Value(int64_val=0)])
        self._start = serialized_key(sample, config.entity_key_serialization_version)[:-8]
        self._end = config.project.encode()

    def __call__(self, one: int) -> bytes:
        """The key of this entity."""
        return self._start + one.to_bytes(8, "little", signed=True) + self._end


def _members(kinds: Sequence[str | None], values: Sequence[Any]) -> list[bytes]:
    members = []
    for kind, value in zip(kinds, values, strict=True):
        if value is None:
            members.append(b"")
        elif kind == "double_val":
            members.append(DOUBLE_TAG + DOUBLE.pack(value))
        else:
            members.append(value_of(kind, value).SerializeToString())
    return members


def _numbers(members: Sequence[bytes | None]) -> tuple[float, tuple[float, ...]] | None:
    *values, moment = members
    if moment is None:
        return None
    time = Timestamp.FromString(moment)
    return time.seconds + time.nanos / 1e9, tuple([_number(value) for value in values])


def _number(member: bytes | None) -> float:
    if not member:
        return math.nan
    if member[:1] == DOUBLE_TAG and len(member) == 9:
        return float(DOUBLE.unpack_from(member, 1)[0])
    value = Value.FromString(member)
    return float(getattr(value, value.WhichOneof("val")))
