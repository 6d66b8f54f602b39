"""Whether rows may be appended to a history: pure decisions, no reading or writing."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from steps.core.errors import DataError


@dataclass(frozen=True)
class HistorySchema:
    """The columns of a history.

    Attributes:
        columns: all of them, with their types.
        required: those without which a row cannot be found: keys and times.
    """

    columns: pa.Schema
    required: Sequence[str]


def conform(table: pa.Table, wanted: HistorySchema, view: str) -> pa.Table:
    """The rows with the history's columns, in its order and types; NaN becomes null.

    Raises:
        DataError: a column is missing or unknown, a key or a time is missing, or a value does not fit its type.
    """
    names, given = wanted.columns.names, table.schema.names
    missing, extra = [n for n in names if n not in given], [n for n in given if n not in names]
    if missing or extra or len(set(given)) != len(given):
        raise DataError(
            f"The rows for {view} have the columns {', '.join(given)}; wanted {', '.join(names)}. "
            f"Missing: {', '.join(missing) or 'none'}; unknown: {', '.join(extra) or 'none'}."
        )
    columns = [_cast(table[field.name], field, view) for field in wanted.columns]
    for name, column in zip(names, columns, strict=True):
        if name in wanted.required and column.null_count:
            row = column.is_null().index(True).as_py()
            raise DataError(f"Row {row} for {view} has no {name}. Every row needs {', '.join(wanted.required)}.")
    return pa.table(columns, schema=wanted.columns)


def _cast(column: pa.ChunkedArray, field: pa.Field, view: str) -> pa.ChunkedArray:
    try:
        cast = column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
        raise DataError(f"The column {field.name} for {view} must be {field.type}, and is not: {err}.") from err
    if pa.types.is_floating(field.type):
        return pa.chunked_array([pa.array(cast.to_numpy(), field.type, from_pandas=True)])
    return cast
