"""Where the history of a feature view is, and which columns it has, by the contract."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from feast import FeatureView
from feast.data_source import DataSource
from feast.type_map import feast_value_type_to_pa

from steps.core.errors import ConfigurationError
from steps.core.observations import HistorySchema
from steps.feature_store.history_parts import History
from steps.feature_store.offline_store import history_at

if TYPE_CHECKING:
    from feast.repo_config import RepoConfig


def source_of(view: FeatureView) -> DataSource:
    """The source of the view's history.

    Raises:
        ConfigurationError: it has none.
    """
    if view.batch_source is None:
        raise ConfigurationError(f"The view {view.name} has no batch source. Give it one in the feature repository.")
    return view.batch_source


def source_path(source: DataSource, config: "RepoConfig") -> History:
    """The place of a source's history.

    Raises:
        ConfigurationError: it has none that this store reads.
    """
    path = getattr(source, "path", None)
    if not path:
        raise ConfigurationError(
            f"The source {source.name} has no path. The offline store of HPP_OFFLINE_STORE reads parquet files; for "
            "other sources choose one of Feast's own stores, as {type: duckdb}."
        )
    return history_at(path if "://" in path else str(Path(config.repo_path or ".", path)))


def view_schema(view: FeatureView) -> HistorySchema:
    """Keys, times and features under the names that the view's source has for them, in the order of publishing."""
    source = source_of(view)
    stored = {feature: column for column, feature in source.field_mapping.items()}
    keys = [(column.name, feast_value_type_to_pa(column.dtype.to_value_type())) for column in view.entity_columns]
    times = [name for name in (source.timestamp_field, source.created_timestamp_column) if name]
    features = [
        (stored.get(field.name, field.name), feast_value_type_to_pa(field.dtype.to_value_type()))
        for field in view.features
    ]
    columns = [*keys, *((name, pa.timestamp("us", tz="UTC")) for name in times), *features]
    return HistorySchema(pa.schema(columns), [name for name, _ in keys] + times)
