"""The queries of the offline store, as text for DuckDB: pure decisions, no reading.

Inside a query all columns have names of our own (`key0`, `value0`, `at`), so that no name of a feature meets another.
Names from outside are quoted, values are parameters.
"""
# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class ViewQuery:
    """What is wanted of one feature view.

    Attributes:
        keys: the columns of the question and of the history that must be equal, pair by pair.
        features: the columns of the history and their names in the answer, pair by pair.
        event: the column of the time for which a row holds.
        created: the column of the time at which a row was written; None if the history has none.
        ttl: how long a row holds; None or 0 for ever.
    """

    name: str
    keys: tuple[tuple[str, str], ...]
    features: tuple[tuple[str, str], ...]
    event: str
    created: str | None
    ttl: timedelta | None


def quoted(name: str) -> str:
    """The name of a column as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def scan(files: Sequence[str]) -> str:
    """The parquet files as one table."""
    return "read_parquet([{}])".format(", ".join("'" + file.replace("'", "''") + "'" for file in files))


def asof_join(view: ViewQuery, files: Sequence[str], by_row: bool = False, until: bool = False) -> str:
    """For each row of the table `spine` the last row of the history that was there at the time `spine.at`.

    One `ASOF LEFT JOIN`: every row of the spine comes back once. Of rows for the same time the one that was written
    last wins. The columns are `row`, the features as `value0`…, and `observed`: the time of the history's row in
    microseconds since 1970, or null where there is none.

    Args:
        by_row: only what was written at or before the row's own time counts.
        until: only what was written at or before the time $1 counts.
    """
    history = _written(view, files, until)
    if by_row and view.created:
        history = _known(view, history)
    equal = [f"spine.key{number} = history.key{number}" for number in range(len(view.keys))]
    condition = " AND ".join([*equal, "(spine.at, TIMESTAMPTZ 'infinity') >= (history.seen, history.tie)"])
    values = "".join(f", history.value{number}" for number in range(len(view.features)))
    columns = f"spine.row{values}, epoch_us(history.observed) AS observed"
    return f"SELECT {columns} FROM spine ASOF LEFT JOIN ({history}) AS history ON {condition}"


def _written(view: ViewQuery, files: Sequence[str], until: bool) -> str:
    created = f"{quoted(view.created)}::TIMESTAMPTZ" if view.created else "TIMESTAMPTZ '-infinity'"
    tie = f"coalesce({created}, TIMESTAMPTZ '-infinity')"
    columns = [
        *(f"{quoted(stored)} AS key{number}" for number, (_, stored) in enumerate(view.keys)),
        *(f"{quoted(stored)} AS value{number}" for number, (stored, _) in enumerate(view.features)),
        f"{quoted(view.event)}::TIMESTAMPTZ AS seen",
        f"{quoted(view.event)}::TIMESTAMPTZ AS observed",
        f"{tie} AS tie",
    ]
    only = f" WHERE {created} <= $1" if until else ""
    return f"SELECT {', '.join(columns)} FROM {scan(files)}{only}"


def _known(view: ViewQuery, history: str) -> str:
    """The history as it looked to those who were there: a row counts from when both its times have come.

    At each such moment the best row so far is the one for the latest time, and of those the one written last.
    """
    keys = [f"key{number}" for number in range(len(view.keys))]
    values = [f"value{number}" for number in range(len(view.features))]
    packed = ", ".join(f"{name} := {name}" for name in [*values, "observed"])
    partition = f"PARTITION BY {', '.join(keys)} " if keys else ""
    best = f"arg_max(struct_pack({packed}), row(observed, tie)) OVER ({partition}ORDER BY greatest(seen, tie))"
    inner = ", ".join([*keys, "greatest(seen, tie) AS seen", f"{best} AS best"])
    outer = ", ".join(
        [*keys, *(f"best.{name} AS {name}" for name in [*values, "observed"]), "seen", "TIMESTAMPTZ '-infinity' AS tie"]
    )
    return f"SELECT {outer} FROM (SELECT {inner} FROM ({history}))"


def pull(
    columns: Sequence[tuple[str, bool]],
    keys: Sequence[str],
    event: str,
    created: str | None,
    files: Sequence[str],
    latest: bool,
) -> str:
    """The rows of a history with times from $1 to $2, or, for each key, the last one of them, in the order of the keys.

    Args:
        columns: what is selected, and whether the history has it: what it lacks is null.
        latest: the last row of each key, rows for the same time decided by when they were written.
    """
    selected = [quoted(name) if there else f"NULL::DOUBLE AS {quoted(name)}" for name, there in columns]
    time = f"{quoted(event)}::TIMESTAMPTZ"
    query = f"SELECT {', '.join(selected)} FROM {scan(files)} WHERE {time} BETWEEN $1 AND $2"
    if latest:
        partition = f"PARTITION BY {', '.join(map(quoted, keys))} " if keys else ""
        newest = ", ".join(f"{quoted(name)} DESC" for name in (event, created) if name)
        query += f" QUALIFY row_number() OVER ({partition}ORDER BY {newest}) = 1"
    return query + (f" ORDER BY {', '.join(map(quoted, keys))}" if keys else "")
