"""Processes that outlive the one that started them: started apart, known by pid and time of start, ended as a group."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

POLL_S = 0.05
PR_SET_PDEATHSIG = 1
PARENT = "HPP_PARENT_PID"


def start_apart(arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> tuple[int, float]:
    """The pid and the time of start (seconds since 1970) of a Python process in a session of its own.

    Args:
        arguments: what follows `python`.
        log: where its output is appended.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(
        sys.executable, [sys.executable, *arguments], dict(environment), file_actions=actions, setsid=True
    )
    return pid, psutil.Process(pid).create_time()


def end_with_parent() -> None:
    """Let the kernel end this process when its parent dies, even by SIGKILL (Linux; elsewhere `stop` ends it).

    Call it early, in the process itself: between fork and exec of a process with threads it could hang for ever.

    Raises:
        SystemExit: the parent that started this process, by its own word in the environment, is gone already.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if int(os.environ.get(PARENT, os.getppid())) != os.getppid():
        raise SystemExit("The process that started this one has ended.")


def group(pid: int, created: float) -> list[psutil.Process]:
    """The living processes of the group that the process started, itself included, even after its own end.

    A pid that was given to another process since is told apart by the times of start.
    """
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) != pid or process.create_time() < created - 0.1:
                continue
            if process.pid == pid and abs(process.create_time() - created) > 0.1:
                return []
            if process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def is_alive(pid: int, created: float) -> bool:
    """Whether the very process that was started is still running."""
    _reap(pid)
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return abs(process.create_time() - created) <= 0.1 and process.status() != psutil.STATUS_ZOMBIE
    return False


def end_group(pid: int, created: float, patience_s: float) -> None:
    """End the process with SIGTERM, and after `patience_s` what is left of its group with SIGKILL."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if is_alive(pid, created):
            psutil.Process(pid).send_signal(signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while (members := group(pid, created)) and time.monotonic() < deadline:
        if not is_alive(pid, created):  # its children got no word from it
            _signal(members, signal.SIGTERM)
        time.sleep(POLL_S)
    _signal(members, signal.SIGKILL)
    psutil.wait_procs(members, timeout=patience_s)
    deadline = time.monotonic() + patience_s
    # A main thread that has ended is a zombie already while other threads of its process still end.
    while not _reap(pid) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _signal(members: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _reap(pid: int) -> bool:
    """Take the exit status of a child of ours that has ended, so that it is no zombie; whether there is none left."""
    try:
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True


def listeners(port: int) -> list[int | None]:
    """The pids of the processes that listen on the TCP port; None for one that belongs to someone else."""
    connections = psutil.net_connections(kind="tcp")
    return [each.pid for each in connections if each.status == psutil.CONN_LISTEN and each.laddr[1:] == (port,)]


def listens(pid: int, port: int) -> bool:
    """Whether the process listens on the TCP port."""
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr[1:] == (port,) for each in connections)


def free_port(host: str) -> int:
    """A port on which nothing listens now."""
    import socket

    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
