"""Limits over threads, processes and starts of the service."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from serving.access import window as window_module
from serving.access.limits import MOST_OPEN, LocalLimits, open_limits
from serving.client import Client
from serving.errors import LimitError, LimitsError
from serving.settings import read_settings

HAMMER = """
import os, sys, pathlib, serving.access.limits as l, serving.errors as e
limits, client = l.LocalLimits(pathlib.Path(sys.argv[1])), l.Client("a1", "team-a", int(sys.argv[2]))
print("ready", flush=True)
sys.stdin.read(1)
for _ in range(int(sys.argv[3])):
    try:
        limits.count(client)
    except e.LimitError:
        continue
    os.write(1, b"+")
"""
COUNT = HAMMER.replace("for _", "count = 0\nfor _").replace('os.write(1, b"+")', "count += 1") + "print(count)"


def client(key_id: str = "a1", limit: int = 5) -> Client:
    return Client(key_id, "team-a", limit)


def admitted(limits: LocalLimits, calls: int, who: Client) -> int:
    count = 0
    for _ in range(calls):
        try:
            limits.count(who)
        except LimitError:
            continue
        count += 1
    return count


def hammer(program: str, folder: Path, limit: int, calls: int) -> "subprocess.Popen[bytes]":
    """A process that is ready to call; it starts when its standard input is closed."""
    command = [sys.executable, "-c", program, str(folder), str(limit), str(calls)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_processes_that_call_at_once_are_admitted_exactly_as_often_as_the_limit_says(tmp_path: Path) -> None:
    processes = [hammer(COUNT, tmp_path, 100_000, 40_000) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    counts = [int(process.stdout.read()) for process in processes]  # type: ignore[union-attr]
    assert [process.wait(30) for process in processes] == [0] * 4
    assert sum(counts) == 100_000
    assert admitted(LocalLimits(tmp_path), 10, client(limit=100_000)) == 0  # a start of the service that comes later


def test_killed_processes_hold_no_lock_and_give_nothing_away(tmp_path: Path) -> None:
    limit, kills, reported = 30_000, 6, 0
    for number in range(kills):
        process = hammer(HAMMER, tmp_path, limit, 10**9)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        seen = process.stdout.read(300 + number)
        process.kill()
        reported += len(seen) + len(process.stdout.read())
        process.wait(30)
    reported += admitted(LocalLimits(tmp_path), limit, client(limit=limit))
    assert limit - kills <= reported <= limit


def test_threads_of_a_process_share_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.monotonic_ns

    def slow_clock() -> int:
        """The time; the other threads have a turn while it is asked for."""
        time.sleep(0.0005)
        return clock()

    monkeypatch.setattr(window_module.time, "monotonic_ns", slow_clock)
    limits, counts, who = LocalLimits(tmp_path), [], client(limit=100)
    threads = [threading.Thread(target=lambda: counts.append(admitted(limits, 50, who))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 100


def test_each_key_has_its_own_count(tmp_path: Path) -> None:
    limits = LocalLimits(tmp_path)
    assert [admitted(limits, 9, client(key_id)) for key_id in ("a1", "b2")] == [5, 5]


def test_a_key_whose_limit_changes_gets_the_new_one(tmp_path: Path) -> None:
    limits = LocalLimits(tmp_path)
    assert [admitted(limits, 2000, client(limit=n)) for n in (5, 8, 3, 1000)] == [5, 3, 0, 992]


def test_a_refusal_says_in_how_many_whole_seconds_to_come_again(tmp_path: Path) -> None:
    limits = LocalLimits(tmp_path)
    started = time.monotonic()
    limits.count(client(limit=1))
    with pytest.raises(LimitError) as refused:
        limits.count(client(limit=1))
    headers = dict(refused.value.headers)
    assert 60 - (time.monotonic() - started) <= int(headers["Retry-After"]) <= 60
    assert headers["X-RateLimit-Limit"] == "1"


def test_more_keys_than_files_are_held_open_keep_their_counts(tmp_path: Path) -> None:
    limits = LocalLimits(tmp_path)
    for _ in range(2):
        for number in range(MOST_OPEN + 20):
            limits.count(client(f"{number:x}", limit=2))
    assert len(limits._windows) == MOST_OPEN
    assert admitted(limits, 1, client("0", limit=2)) == 0


def test_a_count_that_cannot_be_kept_admits_nobody(tmp_path: Path) -> None:
    limits = LocalLimits(tmp_path)
    (tmp_path / "a1").mkdir()
    with pytest.raises(LimitsError):
        limits.count(client())


@pytest.mark.parametrize("place", ["", "redis", "http://user:secret@host", "secret", "memcached://secret"])
def test_an_unknown_store_is_refused_without_its_address(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("HPP_RATE_LIMIT_STORE", place)
    with pytest.raises(LimitsError, match="Wanted HPP_RATE_LIMIT_STORE=local") as refused:
        open_limits(read_settings())
    assert "secret" not in refused.value.info
