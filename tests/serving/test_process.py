"""Detached processes: real ones, ended for certain."""

import json
import os
import sys
import time
from pathlib import Path

import psutil

from serving import process

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN_PARENT = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("up", flush=True)
time.sleep(600)
"""


def start(folder: Path, code: str) -> int:
    pid = process.start([sys.executable, "-c", code], folder / "p.json", folder / "p.log", os.environ)
    deadline = time.monotonic() + 20
    while "up" not in (folder / "p.log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return pid


def test_a_started_process_is_found_by_its_file_and_stopped(tmp_path: Path) -> None:
    pid = start(tmp_path, SLEEPER)
    try:
        assert [member.pid for member in process.members(tmp_path / "p.json")] == [pid]
    finally:
        assert process.stop(tmp_path / "p.json")
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "p.json").exists()


def test_a_parent_that_ignores_sigterm_and_its_children_are_ended(tmp_path: Path) -> None:
    start(tmp_path, STUBBORN_PARENT)
    members = process.members(tmp_path / "p.json")
    assert len(members) == 2
    process.stop(tmp_path / "p.json", grace_s=0.2)
    assert not any(member.is_running() for member in members)


def test_children_whose_parent_was_killed_are_still_found_and_ended(tmp_path: Path) -> None:
    pid = start(tmp_path, STUBBORN_PARENT)
    parent = psutil.Process(pid)
    parent.kill()
    parent.wait(10)
    orphans = process.members(tmp_path / "p.json")
    assert len(orphans) == 1
    assert process.stop(tmp_path / "p.json", grace_s=5)
    assert not orphans[0].is_running()


def test_another_process_that_was_given_the_same_number_is_left_alone(tmp_path: Path) -> None:
    pid = start(tmp_path, SLEEPER)
    file = tmp_path / "p.json"
    record = json.loads(file.read_text())
    try:
        (tmp_path / "old.json").write_text(json.dumps({**record, "created": record["created"] - 3600}))
        assert process.members(tmp_path / "old.json") == []
        assert not process.stop(tmp_path / "old.json")
        assert psutil.pid_exists(pid)
    finally:
        process.stop(file)


def test_a_damaged_file_means_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"pid": ')
    assert process.members(tmp_path / "p.json") == []
    assert not process.stop(tmp_path / "p.json")
