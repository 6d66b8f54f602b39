"""Feast's online store in SQLite with one row for each entity (docs/decisions/0011).

Feast's own SQLite store keeps one row for each feature of each entity, whatever comes last wins, and its threads share
one connection. This one is named in HPP_ONLINE_STORE, through Feast's own way of plugging a store in.
"""

import math
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from feast import FeatureView
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.online_store import OnlineStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import FeastConfigBaseModel, RepoConfig

from serving.online.stored_values import (
    Row,
    Written,
    cell_of,
    entity_id,
    has_whole_number_key,
    kind_of,
    microseconds,
    value_of,
)

WAIT_S = 60  # for another process that writes; readers never wait
MOST_PARAMETERS = 1000


class SqliteRowsOnlineStoreConfig(FeastConfigBaseModel):
    """`{type: serving.online.sqlite_rows.SqliteRowsOnlineStore, path: …}`; the path is absolute."""

    type: Literal["serving.online.sqlite_rows.SqliteRowsOnlineStore"] = (
        "serving.online.sqlite_rows.SqliteRowsOnlineStore"
    )
    path: str


class SqliteRowsOnlineStore(OnlineStore):
    """One table for each feature view: the entity's key, its event and creation time, a column for each feature.

    A row is replaced by a newer one alone: by event time, then by creation time, to the microsecond. Each thread has a
    connection of its own. Readers go on while a batch is written (SQLite's write-ahead log).
    """

    keeps_newest = True

    def __init__(self) -> None:
        self._here = threading.local()
        self._selects: dict[tuple[str, tuple[str, ...]], str] = {}

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Write rows of Feast's protocol in one transaction."""
        names = [field.name for field in table.features]
        rows = (
            (
                self._key(config, table, entity),
                microseconds(event),
                0 if created is None else microseconds(created),
                *(cell_of(values.get(name)) for name in names),
            )
            for entity, values, event, created in data
        )
        self.write_rows(config, table, rows)
        if progress:
            progress(len(data))

    def write_rows(self, config: RepoConfig, table: FeatureView, rows: Iterable[Row]) -> None:
        """Write, in one transaction, rows of key, event and creation time (microseconds) and the view's features."""
        names = ["_key", "_event_us", "_created_us", *(field.name for field in table.features)]
        columns, marks = ", ".join(map(_quoted, names)), ", ".join("?" * len(names))
        changed = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in names[1:])
        name = _quoted(_table(config, table))
        upsert = (
            f"INSERT INTO {name} ({columns}) VALUES ({marks}) ON CONFLICT(_key) DO UPDATE SET {changed} "  # noqa: S608
            f"WHERE (excluded._event_us, excluded._created_us) >= ({name}._event_us, {name}._created_us)"
        )
        rows = list(rows)
        connection = self._connection(config)
        try:
            with connection:
                connection.executemany(upsert, rows)
        except sqlite3.OperationalError as err:
            if not any(missing in str(err) for missing in ("no such table", "no such column", "has no column")):
                raise
            self._prepare(config, table)  # `feast apply` has run elsewhere, or before the file was lost
            with connection:
                connection.executemany(upsert, rows)

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[tuple[datetime | None, dict[str, Value] | None]]:
        """The event time and the values of each entity, as Feast's protocol has them."""
        kinds = {field.name: kind_of(field) for field in table.features}
        names = tuple(name for name in requested_features or kinds if name in kinds)
        keys = [self._key(config, table, entity) for entity in entity_keys]
        rows = self._select(config, table, names, keys)
        found: list[tuple[datetime | None, dict[str, Value] | None]] = []
        for row in map(rows.get, keys):
            if row is None:
                found.append((None, None))
                continue
            cells = zip(names, row[2:], strict=True)
            values = {name: value_of(kinds[name], cell) for name, cell in cells}
            found.append((datetime.fromtimestamp(row[1] / 1e6, UTC), values))
        return found

    def read_numbers(
        self, config: RepoConfig, table: FeatureView, ids: Sequence[int], features: tuple[str, ...]
    ) -> list[tuple[float, tuple[float, ...]] | None]:
        """Event time (seconds since 1970) and features (NaN where missing) of each id; None where there is nothing."""
        rows = self._select(config, table, features, ids)
        return [None if row is None else (row[1] / 1e6, _floats(row[2:])) for row in map(rows.get, ids)]

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Any],  # noqa: ARG002  # Feast's names
        entities_to_keep: Sequence[Any],  # noqa: ARG002
        partial: bool,  # noqa: ARG002
    ) -> None:
        """Make the tables and columns that are missing, and drop the tables of the views that are gone."""
        for table in tables_to_keep:
            self._prepare(config, table)
        self.teardown(config, tables_to_delete, ())

    def teardown(self, config: RepoConfig, tables: Sequence[FeatureView], entities: Sequence[Any]) -> None:  # noqa: ARG002
        """Drop the tables of the views."""
        connection = self._connection(config)
        with connection:
            for table in tables:
                connection.execute(f"DROP TABLE IF EXISTS {_quoted(_table(config, table))}")

    def _select(
        self, config: RepoConfig, table: FeatureView, names: tuple[str, ...], keys: Sequence[int | bytes]
    ) -> dict[Any, tuple[Any, ...]]:
        select = self._selects.get((table.name, names))
        if select is None:
            columns = ", ".join(map(_quoted, ("_key", "_event_us", *names)))
            select = f"SELECT {columns} FROM {_quoted(_table(config, table))} WHERE _key IN "  # noqa: S608
            self._selects[table.name, names] = select
        connection = self._connection(config)
        if len(keys) == 1:  # the usual question, and a third quicker so
            row = connection.execute(f"{select}(?)", keys).fetchone()
            return {} if row is None else {row[0]: row}
        rows: dict[Any, tuple[Any, ...]] = {}
        for start in range(0, len(keys), MOST_PARAMETERS):
            some = keys[start : start + MOST_PARAMETERS]
            rows.update((row[0], row) for row in connection.execute(f"{select}({','.join('?' * len(some))})", some))
        return rows

    def _prepare(self, config: RepoConfig, table: FeatureView) -> None:
        name = _quoted(_table(config, table))
        kind = "INTEGER" if has_whole_number_key(table) else "BLOB"
        connection = self._connection(config)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {name} "
                f"(_key {kind} PRIMARY KEY, _event_us INTEGER NOT NULL, _created_us INTEGER NOT NULL)"
            )
            there = {column for _, column, *_ in connection.execute(f"PRAGMA table_info({name})")}
            for field in table.features:
                if field.name not in there:
                    connection.execute(f"ALTER TABLE {name} ADD COLUMN {_quoted(field.name)}")

    def _key(self, config: RepoConfig, table: FeatureView, entity: EntityKey) -> int | bytes:
        return entity_id(entity, config.entity_key_serialization_version, whole=has_whole_number_key(table))

    def _connection(self, config: RepoConfig) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._here, "connection", None)
        if connection is None:
            path = Path(config.online_store.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=WAIT_S, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # a checkpoint of materialization is never ahead of it
            self._here.connection = connection
        return connection


def _table(config: RepoConfig, table: FeatureView) -> str:
    # Feast's own SQLite store has the name without the ending: a file may hold the tables of both.
    return f"{compute_table_id(config.project, table, config.registry.enable_online_feature_view_versioning)}_rows"


def _floats(cells: tuple[Any, ...]) -> tuple[float, ...]:
    if set(map(type, cells)) == {float}:
        return cells
    return tuple([math.nan if cell is None else float(cell) for cell in cells])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
