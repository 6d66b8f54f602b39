"""Long work tells how far it is; who shows that, and how, is another's business.

with task("all_features_tuned", 500, "fits") as tell:
    ...tell(25)  # so many are done now; from any thread, and in any order
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from steps.core.progress import Progress

logger = logging.getLogger(__name__)
LINE_EVERY_S = 10.0


class Task:
    """A piece of work under way.

    Args:
        before: what an earlier run that was killed had done of it.
    """

    def __init__(self, title: str, total: int, unit: str, before: int = 0) -> None:
        self.title, self.total, self.unit, self.before = title, total, unit, before
        self.done = before
        self._started = time.monotonic()

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(self.title, self.unit, self.done, self.total, self.before, time.monotonic() - self._started)


class Audience(Protocol):
    """Who hears of tasks; one thread at a time."""

    def task_begins(self, task: Task) -> None:
        """It begins now."""

    def task_advances(self, task: Task) -> None:
        """More of it is done."""

    def task_ends(self, task: Task) -> None:
        """It ends now, well or not."""


class LogLines:
    """An audience that writes lines to the log: one every ten seconds, and the last."""

    def __init__(self) -> None:
        self._told: dict[int, float] = {}

    def task_begins(self, task: Task) -> None:
        """Nothing is told yet."""
        self._told[id(task)] = time.monotonic()

    def task_advances(self, task: Task) -> None:
        """A line, if the last one was ten seconds ago, or all is done."""
        now = time.monotonic()
        if task.done >= task.total or now - self._told[id(task)] >= LINE_EVERY_S:
            self._told[id(task)] = now
            self.tell(task.progress.line)

    def task_ends(self, task: Task) -> None:
        """Nothing more is told."""
        del self._told[id(task)]

    def tell(self, line: str) -> None:
        """Write the line."""
        logger.info("%s", line)


_heard_by: list[Audience] = [LogLines()]  # the last one hears
_one_at_a_time = threading.RLock()


@contextmanager
def heard_by(audience: Audience) -> Iterator[None]:
    """Inside, what tasks tell goes there."""
    _heard_by.append(audience)
    try:
        yield
    finally:
        _heard_by.remove(audience)


@contextmanager
def task(title: str, total: int, unit: str, before: int = 0) -> Iterator[Callable[[int], None]]:
    """A function that is told how many of the total are done; a smaller number than before changes nothing."""
    audience, one = _heard_by[-1], Task(title, total, unit, before)

    def tell(done: int) -> None:
        with _one_at_a_time:
            if min(done, total) > one.done:
                one.done = min(done, total)
                audience.task_advances(one)

    with _one_at_a_time:
        audience.task_begins(one)
    try:
        yield tell
    finally:
        with _one_at_a_time:
            audience.task_ends(one)


def counting(tell: Callable[[int], None]) -> Callable[[], None]:
    """A function that is called after each piece that is done, by whatever thread, and tells how many are."""
    numbers = itertools.count(1)  # its next number is given out to one thread only
    return lambda: tell(next(numbers))
