"""How a target's processor time and memory are counted, on real processes."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.targets import Target
from serving.process.processes import end_group, start_apart

BURN = "import time; started = time.process_time()\nwhile time.process_time() - started < 0.4: pass"
# One child that ends and is waited for, then one that stays.
PARENT = f"""
import subprocess, sys, time
subprocess.run([sys.executable, "-c", {BURN!r}])
subprocess.Popen([sys.executable, "-c", {BURN!r} + chr(10) + "time.sleep(60)"])
time.sleep(60)
"""


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """A group of processes whose children use 0.8 s of processor time."""
    pid, created = start_apart(["-c", PARENT], tmp_path / "log", os.environ)
    try:
        yield Target("busy", 1, (), {}, pid, created, 0.0)
    finally:
        end_group(pid, created, 5)


def test_the_time_of_ended_and_of_living_children_counts(target: Target) -> None:
    deadline = time.monotonic() + 30
    while target.cpu_seconds() < 0.8:
        assert time.monotonic() < deadline, f"{target.cpu_seconds()} s are counted"
        time.sleep(0.05)
    worker, everything = target.memory_mb(1)
    assert 0 < worker < everything
