"""How a history is kept in parts: appended to, merged, and mended after a kill."""

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steps.feature_store import history_parts
from steps.feature_store.history_parts import MANY, append, parts, recover, replace


def table(*houses: int, **more: float) -> pa.Table:
    return pa.table(
        {"house_id": pa.array(houses, pa.int64()), **{name: [value] * len(houses) for name, value in more.items()}}
    )


def houses(path: Path) -> list[int]:
    return [house for part in parts(path) for house in pq.read_table(part)["house_id"].to_pylist()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "h.parquet"


def test_an_append_leaves_every_byte_that_is_there(path: Path) -> None:
    append(path, table(1, 2))
    (first,) = parts(path)
    before = (first.stat().st_ino, first.read_bytes())
    append(path, table(3))
    assert (first.stat().st_ino, first.read_bytes()) == before
    assert houses(path) == [1, 2, 3]


def test_many_small_appends_are_merged_and_none_is_lost(path: Path) -> None:
    for house in range(3 * MANY):
        append(path, table(house))
    assert len(parts(path)) < MANY
    assert sorted(path.iterdir()) == parts(path)
    assert houses(path) == list(range(3 * MANY))


def test_a_large_part_is_not_rewritten_for_small_ones(path: Path) -> None:
    append(path, table(*range(50_000)))
    (large,) = parts(path)
    inode = large.stat().st_ino
    for house in range(2 * MANY):
        append(path, table(house))
    assert large.stat().st_ino == inode
    assert len(parts(path)) < MANY


def test_all_readers_of_the_folder_see_the_same(path: Path) -> None:
    import dask.dataframe as dd

    append(path, table(1, 2))
    append(path, table(3))
    assert houses(path) == [1, 2, 3]
    assert sorted(pd.read_parquet(path)["house_id"]) == [1, 2, 3]
    assert sorted(dd.read_parquet(path).compute()["house_id"]) == [1, 2, 3]
    with duckdb.connect() as connection:
        assert connection.read_parquet(str(path)).fetchall() == [(1,), (2,), (3,)]


def test_a_new_column_is_missing_in_all_that_is_there_and_one_that_went_in_what_comes(path: Path) -> None:
    append(path, table(1, RM=6.0))
    append(path, table(2, AGE=50.0))
    whole = pa.concat_tables([pq.read_table(part) for part in parts(path)]).to_pydict()
    assert whole == {"house_id": [1, 2], "RM": [6.0, None], "AGE": [None, 50.0]}


def test_a_single_file_of_an_earlier_version_goes_on_being_read_and_becomes_the_first_part(path: Path) -> None:
    pq.write_table(table(1, 2), path)
    assert houses(path) == [1, 2]
    append(path, table(3))
    assert path.is_dir()
    assert houses(path) == [1, 2, 3]


@pytest.mark.parametrize("reached", ["the folder is there and the file too", "the file has gone"])
def test_a_conversion_that_was_killed_loses_nothing(path: Path, reached: str) -> None:
    pq.write_table(table(1, 2), path)
    folder = path.with_name(".h.parquet.folder")
    folder.mkdir()
    (folder / "part-0000000001-0000000001.parquet").hardlink_to(path)
    if reached == "the file has gone":
        path.unlink()
    assert houses(path) == [1, 2]  # a reader does not wait for the next writer
    recover(path.parent)
    append(path, table(3))
    assert houses(path) == [1, 2, 3]


def test_a_merge_that_was_killed_before_it_removed_its_sources_shows_no_row_twice(path: Path) -> None:
    append(path, table(1))
    append(path, table(2))
    pq.write_table(table(1, 2), path / "part-0000000001-0000000002.parquet")
    append(path, table(3))
    assert houses(path) == [1, 2, 3]
    recover(path.parent)
    assert sorted(path.iterdir()) == parts(path)
    assert houses(path) == [1, 2, 3]


def test_what_a_killed_writer_left_half_written_is_never_read_and_is_removed(path: Path) -> None:
    append(path, table(1))
    half = path / ".part-0000000002-0000000002.parquet.abc"
    half.write_bytes(b"PAR1")
    assert houses(path) == [1]
    recover(path.parent)
    assert not half.exists()


def test_an_append_that_fails_leaves_the_history_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(path, table(1))

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(history_parts.pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        append(path, table(2))
    monkeypatch.undo()
    assert houses(path) == [1]
    assert len(list(path.iterdir())) == 1


def test_a_replaced_history_is_the_new_one_alone(path: Path) -> None:
    append(path, table(1))
    append(path, table(2))
    replace(path, table(9))
    assert houses(path) == [9]
    append(path, table(10))
    assert houses(path) == [9, 10]


def test_there_is_nothing_before_the_first_append(path: Path) -> None:
    assert parts(path) == []
