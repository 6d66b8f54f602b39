"""What is removed from disk, and what stays."""

import os
import time
from pathlib import Path

import pytest

from serving.records.hourly import ENDING, hour_of
from serving.records.profiles import profile_path, profile_spool
from serving.records.receipts import Header, Served
from serving.records.retention import remove_old, remove_old_profiles
from serving.records.spool import Spool

DAY_S = 86_400


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def write(spool: Path, days: float, lines: int = 1) -> Path:
    """A spool file of so many days ago."""
    writer = Spool(spool, Header("7", ("RM",), ("MEDV",)))
    receipts = [writer.append(Served([[6.0]], [[20.0]])) for _ in range(lines)]
    writer.close()
    stem = receipts[0].rsplit(".", 2)[0]
    version, _, process = stem.split(".")
    aged = spool / f"{version}.{hour_of(time.time() - days * DAY_S)}.{process}{ENDING}"
    return (spool / f"{stem}{ENDING}").rename(aged)


def remove(spool: Path, days: float = 400, most_bytes: float = 1e9) -> list[Path]:
    return remove_old(spool, spool.parent, spool.parent / "feedback", days, most_bytes)


def test_receipts_past_their_days_are_removed_and_the_others_stay(spool: Path) -> None:
    old, young = write(spool, 11), write(spool, 9)
    profile_spool(spool, spool.parent)
    assert remove(spool, days=10) == [old]
    assert list(spool.iterdir()) == [young]


def test_the_oldest_receipts_make_room_when_they_are_too_many(spool: Path) -> None:
    files = [write(spool, days) for days in (3, 2, 1)]
    profile_spool(spool, spool.parent)
    size = files[0].stat().st_size
    assert remove(spool, most_bytes=2.5 * size) == files[:1]
    assert remove(spool, most_bytes=1.5 * size) == files[1:2]


def test_a_file_stays_while_a_line_of_it_is_not_profiled(spool: Path) -> None:
    old = write(spool, 11)
    assert remove(spool, days=10) == []
    profile_spool(spool, spool.parent)
    with old.open("ab") as file:
        file.write(b'{"rows":[[5.0]],"out":[[10.0]],"t":1.0}\n')
    assert remove(spool, days=10) == []
    profile_spool(spool, spool.parent)
    assert remove(spool, days=10) == [old]


def test_half_a_line_that_a_kill_left_keeps_no_file(spool: Path) -> None:
    old = write(spool, 11)
    with old.open("ab") as file:
        file.write(b'{"rows":')
    profile_spool(spool, spool.parent)
    empty = spool / f"v7.{hour_of(0)}.1-1{ENDING}"
    empty.write_bytes(b"")
    assert remove(spool, days=10) == [empty, old]


def test_the_hour_that_is_being_written_stays_however_large_it_is(spool: Path) -> None:
    current = write(spool, 0, lines=50)
    profile_spool(spool, spool.parent)
    assert remove(spool, most_bytes=1) == []
    assert current.exists()


def test_a_file_of_unread_lines_does_not_keep_younger_ones_from_making_room(spool: Path) -> None:
    young = write(spool, 1)
    profile_spool(spool, spool.parent)
    unread = write(spool, 2)
    assert remove(spool, most_bytes=1) == [young]
    assert unread.exists()


def test_feedback_is_removed_by_age_only(spool: Path) -> None:
    spool.mkdir()
    feedback = spool.parent / "feedback"
    feedback.mkdir()
    old, young = (feedback / f"v7.{hour_of(time.time() - days * DAY_S)}.1-1{ENDING}" for days in (11, 9))
    for path in (old, young):
        path.write_bytes(b"x" * 1000)
        os.utime(path)
    assert remove(spool, days=10, most_bytes=1) == [old]
    assert young.exists()


def test_profiles_past_their_days_are_removed_when_their_receipts_are_gone(spool: Path) -> None:
    old, kept, young = write(spool, 21), write(spool, 20), write(spool, 1)
    profile_spool(spool, spool.parent)
    paths = [profile_path(spool.parent, path) for path in (old, kept, young)]
    old.unlink()
    young.unlink()
    assert remove_old_profiles(spool, spool.parent, days=10) == paths[:1]
    assert [path.exists() for path in paths] == [False, True, True]
    assert not paths[0].parent.exists()
