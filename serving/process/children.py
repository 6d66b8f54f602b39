"""The processes that a service's main process keeps alive: its workers, and the companions beside them."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.process.draining import REPLACED, STOPPED
from serving.process.processes import PARENT, listens

READY_PREFIX, FAILED_PREFIX = "ready-", "failed-"


class Child(ABC):
    """A process that was started.

    Attributes:
        place: its number among its kind; whoever replaces it gets the same.
        born: when it was started, seconds of the monotonic clock.
        ends_by: once it was asked to leave, when it is killed.
    """

    def __init__(self, place: int) -> None:
        self.place = place
        self.born = time.monotonic()
        self.ends_by = float("inf")

    @property
    @abstractmethod
    def pid(self) -> int:
        """Its process id."""

    @property
    @abstractmethod
    def sentinel(self) -> int | None:
        """A descriptor that becomes readable when it ends, or None: the system has none."""

    @abstractmethod
    def alive(self) -> bool:
        """Whether it runs."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it does its work."""

    def failure(self) -> str:
        """Why it could not start, as far as it said so."""
        return f"Process {self.pid} ended while it started; the reason is in the service's log."

    def leave(self, replaced: bool, within_s: float) -> None:
        """Ask it to end in good order: another took its place, or the service ends."""
        self.ends_by = time.monotonic() + within_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, self._signal(replaced))

    def _signal(self, replaced: bool) -> int:  # noqa: ARG002  # a worker is told why
        return signal.SIGTERM

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def gone(self) -> None:  # noqa: B027  # a child may leave nothing
        """Clear away what it left when it ended."""


class Worker(Child):
    """A forked process that answers requests; it marks itself as ready in the instance's folder."""

    def __init__(self, place: int, process: multiprocessing.Process, folder: Path) -> None:
        super().__init__(place)
        self.process = process
        self.folder = folder
        process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid or 0

    @property
    def sentinel(self) -> int | None:
        """A descriptor that becomes readable when it ends."""
        return self.process.sentinel

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.is_alive()

    def ready(self) -> bool:
        """Whether it has loaded its model."""
        return self._file(READY_PREFIX).exists()

    def failure(self) -> str:
        """Why it could not start."""
        try:
            return self._file(FAILED_PREFIX).read_text()
        except FileNotFoundError:
            return super().failure()

    def _signal(self, replaced: bool) -> int:
        return REPLACED if replaced else STOPPED

    def gone(self) -> None:
        """Clear away its marks and its gauges; its counters stay."""
        from prometheus_client.multiprocess import mark_process_dead

        for prefix in (READY_PREFIX, FAILED_PREFIX):
            self._file(prefix).unlink(missing_ok=True)
        mark_process_dead(self.pid)  # type: ignore[no-untyped-call]  # it has no types

    def _file(self, prefix: str) -> Path:
        return self.folder / f"{prefix}{self.pid}"


class Companion(Child):
    """A Python module of ours that runs beside the workers; it is ready when it listens on its port, if it has one."""

    def __init__(self, place: int, arguments: Sequence[str], port: int = 0) -> None:
        super().__init__(place)
        self.port = port
        environment = {**os.environ, PARENT: str(os.getpid())}
        self.process = subprocess.Popen([sys.executable, *arguments], env=environment)  # noqa: S603  # our own modules
        self.pidfd = os.pidfd_open(self.process.pid) if sys.platform == "linux" else None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def sentinel(self) -> int | None:
        """A descriptor that becomes readable when it ends, on Linux."""
        return self.pidfd

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def ready(self) -> bool:
        """Whether it listens."""
        return not self.port or listens(self.pid, self.port)

    def gone(self) -> None:
        """Give back the descriptor."""
        if self.pidfd is not None:
            os.close(self.pidfd)


@dataclass(frozen=True)
class Kind:
    """Children that are kept up to a number.

    Attributes:
        name: what they are called in the log.
        count: how many there are.
        start: a new one for a bundle, at a place.
        abandon: called with a place at which none can run for the time being.
        follows_bundle: whether each bundle has its own ones: they are replaced on a roll.
        ends_last: whether they end after all others, since they work on what those leave.
    """

    name: str
    count: int
    start: Callable[[Path, int], Child]
    abandon: Callable[[int], object] = lambda _: None
    follows_bundle: bool = True
    ends_last: bool = False
