"""Processes that outlive the command that starts them, by a file with their identity: start, find, stop."""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_SAME_START_S = 1.0  # psutil derives the start from the boot time, which can shift by a clock correction


def start(command: Sequence[str], pid_file: Path, log: Path, environment: Mapping[str, str]) -> int:
    """The id of a new process in a session of its own, with its output appended to `log`.

    Args:
        command: the absolute path of a program and its arguments.
    """
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        command[0],
        list(command),
        dict(environment),
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    record = {"pid": pid, "created": psutil.Process(pid).create_time(), "command": list(command)}
    unfinished = pid_file.with_name(f".{pid_file.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(record))
    unfinished.replace(pid_file)
    return pid


def members(pid_file: Path) -> list[psutil.Process]:
    """The living processes of the session that `pid_file` names, the leader (if it lives) first."""
    try:
        record = json.loads(pid_file.read_text())
        leader, created = int(record["pid"]), float(record["created"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            # A later process that was given the same number is not ours, and neither is its session.
            ours = os.getsid(process.pid) == leader and process.create_time() >= created - _SAME_START_S
            reused = process.pid == leader and abs(process.create_time() - created) > _SAME_START_S
            if reused:
                return []
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return sorted(found, key=lambda process: process.pid != leader)


def stop(pid_file: Path, grace_s: float = 15.0) -> bool:
    """Whether there was something to stop. Asks with SIGTERM, and ends what is left after `grace_s` seconds."""
    processes = members(pid_file)
    if processes:
        _send(processes[:1], signal.SIGTERM)  # the leader ends its workers in order
        _wait(processes, grace_s)
        left = members(pid_file)
        _send(left, signal.SIGTERM)
        _wait(left, 2.0)
        left = members(pid_file)
        _send(left, signal.SIGKILL)
        _wait(left, 5.0)
    pid_file.unlink(missing_ok=True)
    return bool(processes)


def _send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _wait(processes: Sequence[psutil.Process], seconds: float) -> None:
    """Return when all are gone or the time is over; our own children are reaped on the way."""
    psutil.wait_procs(list(processes), timeout=seconds)
