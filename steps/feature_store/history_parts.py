"""The parts that a stored history consists of: a folder of parquet files under the name of one.

A row that is appended to three million others writes a new small part; nothing that is there is rewritten. Small parts
are merged as they become many. `part-A-B.parquet` holds what was appended as numbers A to B, so that a merged part
hides the ones that it was made from as soon as it has its name, whether or not they are removed already. DuckDB, Dask
and PyArrow all read the folder as one table; a single file, as earlier versions wrote it, goes on being read. In a
bucket there are the same parts (`steps.feature_store.bucket_history`).
"""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from serving.files import replace_file
from steps.feature_store.bucket_history import BucketHistory

NAME = re.compile(r"part-(\d{10})-(\d{10})\.parquet")
UNFINISHED_FOLDER = ".folder"
MANY = 16  # parts, before the newest are merged
ROWS_PER_GROUP = 122_880  # DuckDB's own


History = Path | BucketHistory


class Part(NamedTuple):
    """A file of a history: the numbers of the first and last append that it holds."""

    first: int
    last: int
    path: Path


def parts(path: History) -> list[Path]:
    """The files of a history in the order in which they were appended; none if there is no history yet."""
    if isinstance(path, BucketHistory):
        path = path.snapshot()
    if path.is_file():
        return [path]
    folder = path if path.exists() else _unfinished(path)  # a process that died between two renames left that one
    return [part.path for part in _visible(_named(folder))]


def append(path: History, added: pa.Table) -> None:
    """Put the rows behind those of the history at once; call it as the only writer.

    Columns that the history lacks so far are missing in all its rows, which are rewritten for it this once: every part
    has the same columns and types.
    """
    if isinstance(path, BucketHistory):
        path.change(lambda copy: _append(copy, added))
        path.change(_tidy)
        return
    _become_folder(path)
    _append(path, added)
    _merge_newest(path)


def _append(path: Path, added: pa.Table) -> None:
    there = _visible(_named(path))
    if there and (known := _schema(there)).names != added.schema.names:
        wanted = pa.unify_schemas([known.remove_metadata(), added.schema.remove_metadata()])
        _merge(path, there, wanted)
        there, added = _visible(_named(path)), _conform(added, wanted)
    number = there[-1].last + 1 if there else 1
    _write(path, number, number, lambda writer: writer.write_table(added, ROWS_PER_GROUP), added.schema)


def _tidy(path: Path) -> None:
    _remove_hidden(path)
    _merge_newest(path)


def replace(path: History, history: pa.Table) -> None:
    """Put the rows in the place of all that the history held, at once; call it as the only writer."""
    if isinstance(path, BucketHistory):
        path.change(lambda copy: _replace(copy, history))
        return
    _become_folder(path)
    _replace(path, history)


def _replace(path: Path, history: pa.Table) -> None:
    there = _visible(_named(path))
    first, last = (there[0].first, there[-1].last + 1) if there else (1, 1)
    _write(path, first, last, lambda writer: writer.write_table(history, ROWS_PER_GROUP), history.schema)
    _remove_hidden(path)


def recover(folder: Path) -> None:
    """Finish, as the only writer, what a writer that was killed left: half files, hidden parts, a half conversion."""
    for unfinished in folder.glob(f".*{UNFINISHED_FOLDER}"):
        target = folder / unfinished.name.removeprefix(".").removesuffix(UNFINISHED_FOLDER)
        if target.exists():
            shutil.rmtree(unfinished)
        else:
            unfinished.rename(target)
    for place in (folder, *folder.glob("*.parquet/")):
        for half in place.glob(".*.parquet.*"):
            half.unlink()
    for history in folder.glob("*.parquet/"):
        _remove_hidden(history)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}{UNFINISHED_FOLDER}")


def _named(folder: Path) -> list[Part]:
    found = ((NAME.fullmatch(path.name), path) for path in folder.glob("part-*.parquet"))
    return [Part(int(match[1]), int(match[2]), path) for match, path in found if match]


def _visible(there: Sequence[Part]) -> list[Part]:
    """The parts in order, without those whose rows another one holds too."""
    visible: list[Part] = []
    for part in sorted(there, key=lambda part: (part.first, -part.last)):
        if not visible or part.last > visible[-1].last:
            visible.append(part)
    return visible


def _remove_hidden(path: Path) -> None:
    there = _named(path)
    for part in set(there) - set(_visible(there)):
        part.path.unlink()


def _become_folder(path: Path) -> None:
    """Make the folder; a single file becomes its first part, under a second name until the first one is free."""
    if path.is_file():
        folder = _unfinished(path)
        folder.mkdir(exist_ok=True)
        (folder / _name(1, 1)).hardlink_to(path)
        path.unlink()
        folder.rename(path)
    path.mkdir(parents=True, exist_ok=True)


def _name(first: int, last: int) -> str:
    return f"part-{first:010d}-{last:010d}.parquet"


def _write(path: Path, first: int, last: int, fill: Callable[[pq.ParquetWriter], None], schema: pa.Schema) -> None:
    def write(unfinished: Path) -> None:
        with pq.ParquetWriter(unfinished, schema) as writer:
            fill(writer)

    replace_file(path / _name(first, last), write)


def _schema(there: Sequence[Part]) -> pa.Schema:
    return pq.read_schema(there[0].path)


def _merge(path: Path, merged: Sequence[Part], schema: pa.Schema) -> None:
    def fill(writer: pq.ParquetWriter) -> None:
        for part in merged:
            with pq.ParquetFile(part.path) as file:
                for batch in file.iter_batches(ROWS_PER_GROUP):
                    writer.write_table(_conform(pa.Table.from_batches([batch]), schema))

    # One number more than the parts have: a single part that gets more columns needs another name than its own.
    last = merged[-1].last + (len(merged) == 1)
    _write(path, merged[0].first, last, fill, schema)
    _remove_hidden(path)


def _conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        table[field.name].cast(field.type) if field.name in table.schema.names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _merge_newest(path: Path) -> None:
    """Merge the newest parts once there are many, and older ones as long as they are no more than twice as large.

    So a row is rewritten a few times in its life, and a history of a million rows not for each that is added.
    """
    there = _visible(_named(path))
    if len(there) < MANY:
        return
    sizes = [part.path.stat().st_size for part in there]
    start, total = len(there) - 1, sizes[-1]
    while start > 0 and sizes[start - 1] <= 2 * total:
        start -= 1
        total += sizes[start]
    if start < len(there) - 1:
        _merge(path, there[start:], _schema(there[start:]))
