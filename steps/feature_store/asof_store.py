"""Feast's offline store on DuckDB's ASOF join, `steps.feature_store.asof_store.AsofOfflineStore` in HPP_OFFLINE_STORE.

What it does otherwise than Feast's stores for files (docs/decisions/0009): every row of the question comes back, in its
place; expired values are missing and told; a training set can be asked for as it was known at a time; an append writes
what is new, at once, and refuses what breaks the contract.

Feast imports this module to check its settings; DuckDB and pandas' part are imported when a question comes.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from feast.infra.offline_stores.offline_store import OfflineStore
from feast.repo_config import FeastConfigBaseModel
from pydantic import Field

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from feast import FeatureView
    from feast.data_source import DataSource
    from feast.infra.registry.base_registry import BaseRegistry
    from feast.repo_config import RepoConfig

    from steps.feature_store.asof_jobs import AsofJob, PullJob, Resources


class AsofOfflineStoreConfig(FeastConfigBaseModel):
    """The settings of the store.

    Attributes:
        memory_limit: of DuckDB, as "2GB"; what does not fit waits on disk. Its default is 80 % of the machine's.
        threads: of DuckDB; its default is the number of cores.
    """

    type: Literal["steps.feature_store.asof_store.AsofOfflineStore"] = "steps.feature_store.asof_store.AsofOfflineStore"
    memory_limit: str | None = None
    threads: int | None = Field(default=None, ge=1)


class AsofOfflineStore(OfflineStore):
    """Histories in parquet files, local or in a bucket, joined by DuckDB."""

    supports_filter_by_created_timestamp = True

    @staticmethod
    def get_historical_features(
        config: "RepoConfig",
        feature_views: "list[FeatureView]",
        feature_refs: list[str],
        entity_df: "pd.DataFrame | str | None",
        registry: "BaseRegistry",
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
    ) -> "AsofJob":
        """The features of every row of `entity_df` at its time; what the job reads, it reads when it is asked.

        Raises:
            DataError: the frame lacks a key or a time, or has what it must not have.
        """
        from steps.feature_store.asof_question import historical_job

        return historical_job(
            (config, registry, project),
            feature_views,
            feature_refs,
            entity_df,
            full_feature_names,
            filter_by_created_timestamp,
            _resources(config),
        )

    @staticmethod
    def pull_latest_from_table_or_query(
        config: "RepoConfig",
        data_source: "DataSource",
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: datetime,
        end_date: datetime,
    ) -> "PullJob":
        """The last row of each key within the span, in the order of the keys: what materialization writes online."""
        times = (timestamp_field, created_timestamp_column)
        columns = [*join_key_columns, *feature_name_columns]
        return _pull(config, data_source, columns, join_key_columns, times, (start_date, end_date), latest=True)

    @staticmethod
    def pull_all_from_table_or_query(
        config: "RepoConfig",
        data_source: "DataSource",
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> "PullJob":
        """All rows within the span."""
        times = (timestamp_field, created_timestamp_column)
        columns = [*join_key_columns, *feature_name_columns]
        return _pull(config, data_source, columns, join_key_columns, times, (start_date, end_date), latest=False)

    @staticmethod
    def offline_write_batch(
        config: "RepoConfig",
        feature_view: "FeatureView",
        table: "pa.Table",
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Append the rows to the view's history, all or none.

        It waits for other writers, so that no caller may be inside `only_writer` itself.

        Raises:
            DataError: the rows break the view's schema.
        """
        from steps.core.observations import conform
        from steps.feature_store.history_parts import append
        from steps.feature_store.offline_store import only_writer
        from steps.feature_store.view_schema import source_of, source_path, view_schema

        path = source_path(source_of(feature_view), config)
        rows = conform(table, view_schema(feature_view), feature_view.name)
        if len(rows):
            with only_writer(str(path).rpartition("/")[0]):
                append(path, rows)
        if progress:
            progress(len(rows))


def _resources(config: "RepoConfig") -> "Resources":
    from steps.feature_store.asof_jobs import Resources

    return Resources(config.offline_store.memory_limit, config.offline_store.threads)


def _pull(
    config: "RepoConfig",
    source: "DataSource",
    columns: list[str],
    keys: list[str],
    times: tuple[str, str | None],
    span: tuple[datetime | None, datetime | None],
    latest: bool,
) -> "PullJob":
    from steps.feature_store.asof_jobs import PullJob
    from steps.feature_store.view_schema import source_path

    wanted = [*columns, *(name for name in times if name)]
    aware = (_aware(span[0]), _aware(span[1]))
    return PullJob(source_path(source, config), wanted, keys, times, aware, latest, _resources(config))


def _aware(time: datetime | None) -> datetime | None:
    """The time with a time zone: Feast hands naive ones on as UTC."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
