"""What Feast is handed for a question to the offline store: jobs that read when they are asked for their answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection, DuckDBPyRelation
from feast.errors import SavedDatasetLocationAlreadyExists
from feast.infra.offline_stores.file_source import SavedDatasetFileStorage
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.saved_dataset import SavedDatasetStorage

from serving.files import replace_file
from steps.core.asof_sql import ViewQuery, pull
from steps.core.errors import ConfigurationError
from steps.feature_store.asof_join import Answer, Observation, columns_of, connect, join, reading
from steps.feature_store.history_parts import History, parts

EPOCH, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Resources:
    """What DuckDB may take: see `steps.feature_store.asof_store`."""

    memory_limit: str | None
    threads: int | None


class StoreJob(RetrievalJob):
    """What all our jobs answer alike."""

    _views: Sequence[OnDemandFeatureView] = ()
    _full_names = False
    _metadata: RetrievalMetadata | None = None

    @property
    def full_feature_names(self) -> bool:
        """Whether columns are called `view__feature`."""
        return self._full_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """The views that Feast computes from our columns."""
        return list(self._views)

    @property
    def metadata(self) -> RetrievalMetadata | None:
        """What was asked."""
        return self._metadata

    def persist(self, storage: SavedDatasetStorage, allow_overwrite: bool = False, timeout: int | None = None) -> None:
        """Write the answer to a parquet file at once."""
        if not isinstance(storage, SavedDatasetFileStorage):
            raise ConfigurationError(f"Wanted a SavedDatasetFileStorage to keep the answer in, got {storage!r}.")
        path = Path(storage.file_options.uri)
        if path.exists() and not allow_overwrite:
            raise SavedDatasetLocationAlreadyExists(location=str(path))
        replace_file(path, lambda unfinished: pq.write_table(self.to_arrow(timeout=timeout), unfinished))


class AsofJob(StoreJob):
    """A point-in-time question: every row of it comes back, once, in its place.

    Attributes:
        observations: of each feature view, once the job was carried out: when what it answered had been observed.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        time: str,
        views: Sequence[tuple[ViewQuery, History]],
        resources: Resources,
        by_row: bool,
    ) -> None:
        self._frame, self._time, self._questions = frame, time, views
        self._resources, self._by_row = resources, by_row
        self._as_of: datetime | None = None
        self.observations: tuple[Observation, ...] = ()

    def described(self, views: Sequence[OnDemandFeatureView], full: bool, metadata: RetrievalMetadata) -> "AsofJob":
        """This job with what Feast wants to know of it."""
        self._views, self._full_names, self._metadata = views, full, metadata
        return self

    def as_known_at(self, time: datetime) -> "AsofJob":
        """This job, to which nothing counts that was written after the time.

        Raises:
            ConfigurationError: the time has no time zone, or a view does not tell when its rows were written.
        """
        if time.tzinfo is None:
            raise ConfigurationError(f"as_of is {time.isoformat()}: write it with a time zone, as {time.isoformat()}Z.")
        if silent := [view.name for view, _ in self._questions if not view.created]:
            raise ConfigurationError(
                f"as_of needs to know when a row was written, which {', '.join(silent)} does not tell. Give its source "
                "a created_timestamp_column in the feature repository."
            )
        self._as_of = time
        return self

    def to_df(self, validation_reference: Any = None, timeout: int | None = None) -> pd.DataFrame:
        """The question and the features as a data frame; without views on demand no feature is copied."""
        if validation_reference or self._views:
            return super().to_df(validation_reference, timeout)
        frames = [self._frame, *(answer.frame() for answer in self._answers())]
        whole: pd.DataFrame = pd.concat(frames, axis=1, copy=False)  # type: ignore[call-overload]  # it has `copy`
        return whole

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002  # as Feast calls it
        asked = pa.Table.from_pandas(self._frame, preserve_index=False)
        columns = dict(zip(asked.column_names, asked.columns, strict=True))
        for answer in self._answers():
            columns |= answer.columns()
        return pa.table(columns)

    def _answers(self) -> list[Answer]:
        with connect(self._resources.memory_limit, self._resources.threads) as connection:
            answered = [self._answer(connection, view, path) for view, path in self._questions]
        self.observations = tuple(observation for _, observation in answered)
        return [answer for answer, _ in answered]

    def _answer(self, connection: DuckDBPyConnection, view: ViewQuery, path: History) -> tuple[Answer, Observation]:
        spine = self._spine(view)
        return reading(path, lambda files: join(connection, spine, view, files, self._as_of, self._by_row))

    def _spine(self, view: ViewQuery) -> pa.Table:
        """The keys and times of the question, without what else is in it."""
        # A time between two microseconds counts as the earlier one: the history has nothing in between.
        at = self._frame[self._time].dt.floor("us").astype("datetime64[us, UTC]")
        keys = {f"key{number}": pa.array(self._frame[asked]) for number, (asked, _) in enumerate(view.keys)}
        return pa.table({"row": pa.array(range(len(at)), pa.int64()), "at": pa.array(at), **keys})


class PullJob(StoreJob):
    """The rows of a history within a time span, or the last one of each key.

    Args:
        columns: keys, features, and the times.
        span: the first and the last time that count, with time zones.
        latest: the last row of each key.
    """

    def __init__(
        self,
        path: History,
        columns: Sequence[str],
        keys: Sequence[str],
        times: tuple[str, str | None],
        span: tuple[datetime | None, datetime | None],
        latest: bool,
        resources: Resources,
    ) -> None:
        self._path, self._columns, self._keys, self._times = path, columns, keys, times
        self._span = (span[0] or EPOCH, span[1] or END)
        self._latest, self._resources = latest, resources

    def to_batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The answer in the order of the keys, at most so many rows at a time, while DuckDB holds the rest.

        What does not fit into DuckDB's memory limit waits in a temporary folder.
        """
        if not parts(self._path):
            return
        with connect(self._resources.memory_limit, self._resources.threads) as connection:
            reader = reading(self._path, lambda files: self._query(connection, files).to_arrow_reader(rows))
            yield from reader

    def _query(self, connection: DuckDBPyConnection, files: Sequence[Path]) -> DuckDBPyRelation:
        there = columns_of(files)
        columns = [(name, name in there) for name in self._columns]
        query = pull(columns, self._keys, *self._times, [str(file) for file in files], self._latest)
        return connection.sql(query, params=list(self._span))

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002  # as Feast calls it
        if not parts(self._path):
            return self._empty()
        with connect(self._resources.memory_limit, self._resources.threads) as connection:
            return reading(self._path, lambda files: self._query(connection, files).to_arrow_table())

    def _empty(self) -> pa.Table:
        time = pa.timestamp("us", tz="UTC")
        kinds = {name: pa.int64() for name in self._keys} | {name: time for name in self._times if name}
        schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in self._columns])
        return schema.empty_table()
