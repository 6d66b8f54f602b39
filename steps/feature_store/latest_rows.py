"""The last row of every entity of a feature view, from the configured offline store."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from serving.online.stored_values import has_whole_number_key
from steps.core.errors import DataError
from steps.core.materialization import Whole

if TYPE_CHECKING:
    from feast import FeatureStore

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Latest(NamedTuple):
    """The last row of every entity by event time, then by creation time.

    Attributes:
        rows: join keys, features and the two times.
        keys: of each row; its position, if the view's key is no single whole number.
        event_us, created_us: of each row, in microseconds since 1970.
    """

    rows: pa.Table
    keys: Whole
    event_us: Whole
    created_us: Whole


def latest_rows(offline_store: Any, config: Any, view: Any, entities: list[Any], until: datetime) -> Latest:
    """What was observed last of every entity until then.

    Args:
        entities: the view's, as the registry has them.

    Raises:
        DataError: the view's file is not there yet.
    """
    from feast.utils import _get_column_names

    source = view.batch_source
    path = getattr(source, "path", "")
    if path.startswith("/") and not Path(path).exists():
        raise DataError(f"The offline store has nothing of {view.name} yet ({path}). Run the feature pipeline first.")
    keys, features, event, created = _get_column_names(view, entities)
    table = offline_store.pull_latest_from_table_or_query(
        config=config,
        data_source=source,
        join_key_columns=keys,
        feature_name_columns=features,
        timestamp_field=event,
        created_timestamp_column=created,
        start_date=EPOCH,
        end_date=until,
    ).to_arrow()
    mapping = source.field_mapping or {}
    rows = table.rename_columns([mapping.get(name, name) for name in table.column_names])
    times = _times(rows, source.timestamp_field)
    whole = has_whole_number_key(view)
    numbers = rows[view.join_keys[0]].to_numpy().astype(np.int64) if whole else np.arange(len(rows), dtype=np.int64)
    return Latest(rows, numbers, times, _times(rows, created) if created else times)


def latest_of(store: "FeatureStore", view: Any, until: datetime) -> Latest:
    """The same of a view of this store."""
    entities = [store.get_entity(name) for name in view.entities]
    return latest_rows(store.provider.offline_store, store.config, view, entities, until)


def _times(rows: pa.Table, name: str) -> Whole:
    times: Whole = rows[name].cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64()).to_numpy()
    return times
