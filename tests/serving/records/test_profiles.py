"""From rows on disk to whylogs profiles, each row once."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from serving.records import profiles
from serving.records.hourly import ENDING, hour_of
from serving.records.profile_views import view_of
from serving.records.profiles import BROKEN, OFFSET, ROWS, profile_path, profile_spool, read_hour, read_profile
from serving.records.receipts import Header, Served
from serving.records.sidecar import profile_under_lock, work
from serving.records.spool import Spool
from serving.settings import read_settings

HEADER = Header("7", ("RM",), ("MEDV", "MEDV_low", "MEDV_high"), "house-price", "house_price_v7", {"model": "00"})


def served(*rows: tuple[float | None, float], probe: bool = False) -> Served:
    return Served([[rooms] for rooms, _ in rows], [[price, price - 1, price + 1] for _, price in rows], probe=probe)


def only(folder: Path) -> Path:
    (path,) = folder.glob(f"*{ENDING}")
    return path


def figures(profiles: Path, source: Path) -> dict[str, str]:
    return dict(read_profile(profile_path(profiles, source)).metadata)


def count(profiles: Path, column: str = "RM") -> int:
    views = [read_hour(folder) for folder in profiles.glob("v*/*")]
    return sum(int(view.get_column(column).get_metric("counts").n.value) for view in views if view is not None)


def test_a_line_that_the_disk_cut_off_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool", HEADER)
    spool.append(served((6.0, 20.0)))
    real = os.write
    writes = iter([lambda file, data: real(file, data[:9]), lambda *_: (_ for _ in ()).throw(OSError(28, "full"))])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: next(writes)(file, data))
        with pytest.raises(OSError, match="full"):
            spool.append(served((7.0, 21.0)))
    spool.append(served((8.0, 22.0)))
    spool.close()
    assert profile_spool(tmp_path / "spool", tmp_path) == 2
    assert figures(tmp_path, only(tmp_path / "spool"))[BROKEN] == "1"


def test_profiles_take_each_row_once_however_often_they_are_brought_up_to_date(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", HEADER)
    spool.append(served((6.0, 20.0), (None, 30.0)))
    assert profile_spool(tmp_path / "spool", tmp_path) == 2
    assert profile_spool(tmp_path / "spool", tmp_path) == 0
    spool.append(served((7.0, 40.0)))
    spool.append(served((7.0, 40.0), probe=True))
    assert profile_spool(tmp_path / "spool", tmp_path) == 1
    spool.close()
    (folder,) = (tmp_path / "v7").iterdir()
    assert folder.name == hour_of(time.time()) or folder.name < hour_of(time.time())
    view = read_hour(folder)
    assert view is not None
    summary = view.get_column("MEDV").to_summary_dict()
    assert (summary["counts/n"], summary["distribution/min"], summary["distribution/max"]) == (3, 20.0, 40.0)
    assert view.get_column("RM").to_summary_dict()["counts/null"] == 1


def test_what_is_written_during_a_round_waits_for_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool", HEADER)
    spool.append(served((6.0, 20.0)))

    def busy(*arguments: Any) -> Any:
        spool.append(served((7.0, 21.0)))
        return view_of(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(profiles, "view_of", busy)
        assert profile_spool(tmp_path / "spool", tmp_path) == 1
    assert profile_spool(tmp_path / "spool", tmp_path) == 1
    spool.close()
    assert count(tmp_path) == 2


def test_a_file_that_did_not_grow_is_not_read_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", HEADER)
    sizes: dict[str, int] = {}
    for _ in range(2):
        spool.append(served((6.0, 20.0)))
        assert profile_spool(tmp_path / "spool", tmp_path, sizes) == 1
        assert sizes == {only(tmp_path / "spool").name: only(tmp_path / "spool").stat().st_size}
        profile_path(tmp_path, only(tmp_path / "spool")).rename(tmp_path / "aside")
        assert profile_spool(tmp_path / "spool", tmp_path, sizes) == 0
        (tmp_path / "aside").rename(profile_path(tmp_path, only(tmp_path / "spool")))
    spool.close()


def test_the_profiles_of_two_workers_merge_to_one(tmp_path: Path) -> None:
    for _ in range(2):
        spool = Spool(tmp_path / "spool", HEADER)
        spool.append(served((6.0, 20.0)))
        spool.close()
    profile_spool(tmp_path / "spool", tmp_path)
    assert len(list(tmp_path.glob("v7/*/*.bin"))) == 2
    assert count(tmp_path) == 2


def test_a_line_that_is_still_being_written_waits_for_the_next_round(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", HEADER)
    spool.append(served((6.0, 20.0)))
    spool.close()
    path = only(tmp_path / "spool")
    line = b'{"t":1.0,"rows":[[5.0]],"out":[[10.0]]}\n'
    with path.open("ab") as file:
        file.write(line[:12])
        file.flush()
        assert profile_spool(tmp_path / "spool", tmp_path) == 1
        assert profile_spool(tmp_path / "spool", tmp_path) == 0
        file.write(line[12:])
    assert profile_spool(tmp_path / "spool", tmp_path) == 1
    assert figures(tmp_path, path) == {OFFSET: str(path.stat().st_size), ROWS: "2", BROKEN: "0"}


@pytest.mark.parametrize("start", [b"", b'{"version":', b"[]\n", b"no json\n"])
def test_a_file_without_a_header_is_left_alone(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / f"v7.1970-01-01T00.1-1{ENDING}").write_bytes(start)
    assert profile_spool(tmp_path / "spool", tmp_path) == 0


def test_an_hour_without_profiles_has_none(tmp_path: Path) -> None:
    assert read_hour(tmp_path) is None


def test_only_one_process_at_a_time_brings_the_profiles_up_to_date(tmp_path: Path) -> None:
    import fcntl

    spool = Spool(tmp_path / "spool", HEADER)
    spool.append(served((6.0, 20.0)))
    spool.close()
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert profile_under_lock(tmp_path) == 0
    assert profile_under_lock(tmp_path) == 1


def test_the_last_rows_are_profiled_when_the_sidecar_is_told_to_stop(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", HEADER)
    spool.append(served((6.0, 20.0)))
    spool.close()
    stopped = threading.Event()
    stopped.set()
    work(tmp_path, stopped, read_settings())
    assert count(tmp_path) == 1


def test_rows_are_counted_once_across_kills_at_any_moment(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", HEADER)
    program = (
        "import sys, pathlib, serving.records.profiles as p; p.BATCH_BYTES = 200; root = pathlib.Path(sys.argv[1]);"
        "print('go', flush=True)\nwhile True: p.profile_spool(root / 'spool', root)"
    )
    written = 0
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            for _ in range(40):
                spool.append(served(*[(6.0, 20.0)] * 3))
                written += 3
            time.sleep(2)  # whylogs' import, and some batches
            process.send_signal(signal.SIGKILL)
    spool.close()
    profile_spool(tmp_path / "spool", tmp_path)
    assert count(tmp_path) == written
