"""The point-in-time join itself: DuckDB's answer, batch by batch, put where it belongs.

DuckDB answers in an order of its own. Sorting a million wide rows would cost more than joining them; here each batch is
written to its rows' places in the columns of the answer, which are there once and go to pandas without a copy.
"""

import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from steps.core.asof_sql import ViewQuery, asof_join
from steps.core.errors import DataError
from steps.feature_store.history_parts import History, parts

BATCH = 262_144  # rows: 30 MB of thirteen features
NEVER = np.iinfo(np.int64).min  # numpy's own "no time"
ATTEMPTS = 3


@dataclass(frozen=True)
class Observation:
    """When what came back of a feature view had been observed.

    Attributes:
        times: (n_rows,) datetime64[us], UTC: of the row of the history that was used; NaT where there is none.
        expired: (n_rows,) whether that row was older than the view's ttl, so that its values are missing.
    """

    view: str
    times: NDArray[np.datetime64]
    expired: NDArray[np.bool_]


class Answer:
    """The columns of one view, in the order of the question; what nothing was written to is missing.

    Attributes:
        block: (n_float_columns, n_rows) float64: numbers that fit, the usual case.
        others: columns of other types, as arrow arrays.
    """

    def __init__(self, names: Sequence[str], types: Sequence[pa.DataType], rows: int) -> None:
        self.names = list(names)
        kinds = dict(zip(names, types, strict=True))
        self.floats = {name: place for place, name in enumerate(n for n in names if pa.types.is_float64(kinds[n]))}
        self.block = np.full((len(self.floats), rows), np.nan)
        self.others = {name: pa.nulls(rows, kind) for name, kind in kinds.items() if name not in self.floats}
        self._pieces: dict[str, list[pa.Array]] = {}
        self._places: list[NDArray[np.int64]] = []

    def put(self, rows: NDArray[np.int64], columns: dict[str, pa.Array]) -> None:
        """Write a batch to the rows that it belongs to."""
        for name, column in columns.items():
            if name in self.floats:
                self.block[self.floats[name]][rows] = column.to_numpy(zero_copy_only=False)
            else:
                self._pieces.setdefault(name, []).append(column)
        self._places.append(rows)

    def close(self, missing: NDArray[np.bool_]) -> None:
        """Make the values of some rows missing, once everything was put."""
        if missing.any():
            self.block[:, missing] = np.nan
        if self._pieces:
            places = pa.array(np.argsort(np.concatenate(self._places), kind="stable"), mask=missing)
            self.others |= {name: pa.concat_arrays(pieces).take(places) for name, pieces in self._pieces.items()}

    def frame(self) -> pd.DataFrame:
        """The columns for pandas; the float64 columns are not copied."""
        numbers = pd.DataFrame(self.block.T, columns=list(self.floats), copy=False)
        if not self.others:
            return numbers
        return numbers.assign(**{name: column.to_pandas() for name, column in self.others.items()})[self.names]

    def columns(self) -> dict[str, pa.Array]:
        """The columns for arrow, missing values as nulls."""
        numbers = {name: pa.array(self.block[place], from_pandas=True) for name, place in self.floats.items()}
        return {name: numbers[name] if name in numbers else self.others[name] for name in self.names}


def connect(memory_limit: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An empty database in memory; what does not fit goes to a temporary folder while a query runs."""
    spill = Path(tempfile.gettempdir()) / f"hpp-duckdb-{uuid.uuid4().hex}"
    wanted: dict[str, Any] = {"temp_directory": str(spill), "autoinstall_known_extensions": False}
    wanted |= {"memory_limit": memory_limit} if memory_limit else {}
    wanted |= {"threads": threads} if threads else {}
    connection = duckdb.connect(config=wanted)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def reading[Read](path: History, read: Callable[[list[Path]], Read]) -> Read:
    """What `read` makes of the files of a history; it is asked again if a writer merged them meanwhile.

    Raises:
        DataError: the files cannot be read.
    """
    for _ in range(ATTEMPTS):
        files = parts(path)
        try:
            return read(files)
        except (duckdb.Error, OSError, pa.ArrowInvalid) as err:
            if parts(path) == files:
                raise DataError(f"{path} is no readable history: {err}. Restore it from a copy.") from err
    raise DataError(f"{path} was rewritten {ATTEMPTS} times while it was read. Try again.")


def columns_of(files: Sequence[Path]) -> dict[str, pa.DataType]:
    """The columns of a history and their types; none if it has no files."""
    schema = pq.read_schema(files[0]) if files else pa.schema([])
    return dict(zip(schema.names, schema.types, strict=True))


def join(
    connection: duckdb.DuckDBPyConnection,
    spine: pa.Table,
    view: ViewQuery,
    files: Sequence[Path],
    as_of: datetime | None = None,
    by_row: bool = False,
) -> tuple[Answer, Observation]:
    """What was known of each row of the spine at its time, in its order, and when that had been observed.

    Args:
        spine: `row` (0 to n - 1), `at` (timestamp, UTC) and `key0`….
        as_of: what was written later does not count.
        by_row: what was written later than the row's own time does not count.

    Raises:
        DataError: the history lacks a key or a time, or DuckDB did not answer for every row once.
    """
    there = columns_of(files)
    present = tuple((stored, name) for stored, name in view.features if stored in there)
    kinds = [there.get(stored, pa.float64()) for stored, _ in view.features]
    answer = Answer([name for _, name in view.features], kinds, len(spine))
    times = np.full(len(spine), NEVER, dtype=np.int64)
    if files and present:
        _check_columns(view, there)
        found = ViewQuery(view.name, view.keys, present, view.event, view.created, view.ttl)
        _run(connection, spine, found, files, (as_of, by_row), answer, times)
    expired = _expired(times, spine["at"].to_numpy().astype("datetime64[us]").astype(np.int64), view.ttl)
    answer.close(expired)
    return answer, Observation(view.name, times.view("datetime64[us]"), expired)


def _run(
    connection: duckdb.DuckDBPyConnection,
    spine: pa.Table,
    view: ViewQuery,
    files: Sequence[Path],
    known: tuple[datetime | None, bool],
    answer: Answer,
    times: NDArray[np.int64],
) -> None:
    as_of, by_row = known
    connection.register("spine", spine)
    query = asof_join(view, [str(file) for file in files], by_row, until=as_of is not None)
    relation = connection.sql(query, params=[as_of] if as_of else None)
    names, answered = [name for _, name in view.features], 0
    for batch in relation.to_arrow_reader(BATCH):
        rows = batch.column(0).to_numpy()
        answer.put(rows, dict(zip(names, batch.columns[1:-1], strict=True)))
        times[rows] = batch.columns[-1].fill_null(NEVER).to_numpy()
        answered += len(rows)
    if answered != len(spine):
        raise DataError(f"DuckDB answered with {answered} rows for {len(spine)} of {view.name}. Please report this.")


def _check_columns(view: ViewQuery, there: dict[str, pa.DataType]) -> None:
    wanted = [*(stored for _, stored in view.keys), view.event, *([view.created] if view.created else [])]
    if missing := [name for name in wanted if name not in there]:
        raise DataError(
            f"The history of {view.name} lacks the column {', '.join(missing)}; it has {', '.join(there)}. "
            "Mend the source in the feature repository, or publish the history again."
        )


def _expired(times: NDArray[np.int64], asked: NDArray[np.int64], ttl: timedelta | None) -> NDArray[np.bool_]:
    if not ttl:
        return np.zeros(len(times), dtype=np.bool_)
    oldest = asked - int(ttl / timedelta(microseconds=1))
    expired: NDArray[np.bool_] = (times != NEVER) & (times < oldest)
    return expired
