"""A history in a bucket of a real S3 server (moto's): the same parts as in a folder."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steps.core.errors import ConfigurationError, DataError
from steps.feature_store import history_parts
from steps.feature_store.bucket_history import SNAPSHOTS_KEPT, BucketHistory
from steps.feature_store.history_parts import MANY, append, parts, replace
from steps.feature_store.offline_store import history_at, only_writer
from tests.s3_server import BUCKET, S3, s3_server

PLACE = f"s3://{BUCKET}/feast/h.parquet"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with s3_server() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def history(server: S3, tmp_path: Path) -> BucketHistory:
    return machine(tmp_path, "one")


def machine(folder: Path, name: str) -> BucketHistory:
    return BucketHistory(PLACE, folder / name)


def table(*houses: int, **more: float) -> pa.Table:
    return pa.table(
        {"house_id": pa.array(houses, pa.int64()), **{name: [value] * len(houses) for name, value in more.items()}}
    )


def houses(history: BucketHistory) -> list[int]:
    return [house for part in parts(history) for house in pq.read_table(part)["house_id"].to_pylist()]


def test_what_one_machine_appends_another_one_reads(history: BucketHistory, tmp_path: Path) -> None:
    other = machine(tmp_path, "two")
    assert parts(other) == []
    append(history, table(1, 2))
    assert houses(other) == [1, 2]
    append(other, table(3))
    assert houses(history) == [1, 2, 3]


def test_a_part_is_downloaded_once(history: BucketHistory, server: S3) -> None:
    append(history, table(1))
    read = [part.stat().st_ino for part in parts(history)]
    append(history, table(2))
    assert [part.stat().st_ino for part in parts(history)][:1] == read


def test_many_small_appends_are_merged_in_the_bucket_and_none_is_lost(history: BucketHistory, server: S3) -> None:
    for house in range(2 * MANY):
        append(history, table(house))
    assert houses(history) == list(range(2 * MANY))
    assert len(server.names("feast/")) == len(parts(history)) < MANY
    assert len(list(history.copies.glob("state-*"))) <= SNAPSHOTS_KEPT


def test_a_new_column_is_missing_in_the_rows_so_far(history: BucketHistory) -> None:
    append(history, table(1))
    append(history, table(2, RM=6.0))
    rows = [pq.read_table(part).to_pylist() for part in parts(history)]
    assert rows == [[{"house_id": 1, "RM": None}], [{"house_id": 2, "RM": 6.0}]]


def test_a_replaced_history_has_the_new_rows_only(history: BucketHistory, server: S3) -> None:
    append(history, table(1))
    replace(history, table(7))
    assert houses(history) == [7]
    assert len(server.names("feast/")) == 1


def test_of_two_machines_that_append_at_once_one_is_refused_and_stores_nothing(
    history: BucketHistory, tmp_path: Path
) -> None:
    append(history, table(1))
    other = machine(tmp_path, "two")

    def meanwhile(copy: Path) -> None:
        append(other, table(2))
        history_parts._append(copy, table(3))

    with pytest.raises(DataError, match="Another machine has added"):
        history.change(meanwhile)
    assert houses(history) == houses(other) == [1, 2]


def test_a_reader_keeps_its_files_while_a_writer_merges_them(history: BucketHistory) -> None:
    append(history, table(1))
    files = parts(history)
    replace(history, table(7))
    assert parts(history) != files
    assert pq.read_table(files)["house_id"].to_pylist() == [1]


def test_a_bucket_that_does_not_answer_is_told_and_nothing_is_half_written(history: BucketHistory, server: S3) -> None:
    append(history, table(1))
    server.stop()
    try:
        with pytest.raises(DataError, match=r"HPP_OFFLINE_DIR.*AWS_ENDPOINT_URL"):
            append(history, table(2))
        with pytest.raises(DataError, match="HPP_OFFLINE_DIR"):
            parts(history)
    finally:
        server.start()
    assert houses(history) == [1]
    append(history, table(2))
    assert houses(history) == [1, 2]
    assert list(history.copies.glob(".*")) == []


def test_writers_of_a_bucket_wait_for_each_other(platform_dir: Path) -> None:
    import fcntl

    with only_writer(f"s3://{BUCKET}/feast"):
        (lock,) = (platform_dir / "feast").glob(".registry.db.lock.offline")
        with lock.open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Wanted a folder, or s3"):
        history_at("gs://houses/h.parquet")
