"""One writer and reader of a view's online rows: quick where the store takes plain rows, else as Feast does it."""

import math
from typing import Any

import pyarrow as pa

from serving.online.stored_values import cell_of, has_whole_number_key, microseconds, takes_plain_rows


class OnlineWriter:
    """Writes tables of rows of one feature view, and compares what is stored with them.

    Attributes:
        ordered: whether the rows have one whole number as their key, by which a run can be taken up again.
        features: the names of the view's features.

    Args:
        store: Feast's online store.
        config: Feast's configuration of the repository.
        view: the feature view, as the registry has it.
    """

    def __init__(self, store: Any, config: Any, view: Any) -> None:
        self._store, self._config, self._view = store, config, view
        self._plain = hasattr(store, "write_rows") and takes_plain_rows(view)
        self.ordered = has_whole_number_key(view)
        self.features = tuple(field.name for field in view.features)

    def write(self, rows: pa.Table) -> None:
        """Write the rows; they are stored when this returns."""
        if self._plain:
            self._store.write_rows(self._config, self._view, zip(*self._columns(rows), strict=True))
        else:
            self._store.online_write_batch(self._config, self._view, self._protocol(rows), None)

    def stale(self, rows: pa.Table) -> list[str]:
        """The entities, in words, of which the store has nothing, an older row or other values than these rows."""
        wanted = self._protocol(rows)
        found = self.read(rows)
        faults = []
        for (entity, values, event, _), (moment, stored) in zip(wanted, found, strict=True):
            observed = microseconds(event) / 1e6
            if moment is not None and moment > observed + 1e-6:
                continue  # pushed since the rows were read
            older = moment is None or moment < math.floor(observed)  # Feast's own SQLite store keeps whole seconds
            if older or any(_plain(values[name]) != _plain(stored.get(name)) for name in values):
                faults.append(_words(entity))
        return faults

    def read(self, rows: pa.Table) -> list[tuple[float | None, dict[str, Any]]]:
        """When what is stored of these entities was observed, in seconds since 1970, and its values; None: nothing."""
        keys = [row[0] for row in self._protocol(rows)]
        found = self._store.online_read(self._config, self._view, keys, list(self.features)) if keys else []
        # Feast's Redis store gives 1970 where there is nothing.
        return [((moment.timestamp() or None) if moment and values else None, values or {}) for moment, values in found]

    def _columns(self, rows: pa.Table) -> list[list[Any]]:
        source = self._view.batch_source
        names = [source.timestamp_field, source.created_timestamp_column or source.timestamp_field]
        times = [rows[name].cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64()) for name in names]
        features = [rows[name] for name in self.features]
        return [column.to_pylist() for column in (rows[self._view.join_keys[0]], *times, *features)]

    def _protocol(self, rows: pa.Table) -> list[Any]:
        """Feast's rows: the entity's key, values by name, event and creation time."""
        from feast.utils import _convert_arrow_to_proto

        types = {entity.name: entity.dtype.to_value_type() for entity in self._view.entity_columns}
        whole = rows.combine_chunks().to_batches()  # Feast converts the first piece of a table and forgets the others
        return list(_convert_arrow_to_proto(whole[0], self._view, types)) if whole else []


def _plain(value: Any) -> Any:
    cell = cell_of(value)
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _words(entity: Any) -> str:
    pairs = zip(entity.join_keys, entity.entity_values, strict=True)
    return ", ".join(f"{name} {getattr(value, value.WhichOneof('val'))}" for name, value in pairs)
