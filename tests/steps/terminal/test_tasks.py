"""Long work tells how far it is."""

import logging
import threading

import pytest

from steps.terminal import tasks
from steps.terminal.tasks import Task, counting, heard_by, task


class Ear:
    """Hears everything."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def task_begins(self, task: Task) -> None:
        """Keep it."""
        self.heard.append(f"begins {task.title}")

    def task_advances(self, task: Task) -> None:
        """Keep it."""
        self.heard.append(f"{task.done} of {task.total} {task.unit}")

    def task_ends(self, task: Task) -> None:
        """Keep it."""
        self.heard.append("ends")


def test_its_audience_hears_of_every_advance_and_of_the_end_whatever_happens() -> None:
    ear = Ear()

    def interrupted() -> None:
        with task("search", 4, "fits") as tell:
            tell(1)
            tell(4)
            raise KeyboardInterrupt

    with heard_by(ear), pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ear.heard == ["begins search", "1 of 4 fits", "4 of 4 fits", "ends"]


def test_numbers_that_come_late_or_go_beyond_the_total_change_nothing() -> None:
    ear = Ear()
    with heard_by(ear), task("search", 4, "fits") as tell:
        for done in (3, 2, 3, 9, 5):
            tell(done)
    assert ear.heard == ["begins search", "3 of 4 fits", "4 of 4 fits", "ends"]


def test_pieces_that_threads_finish_at_once_are_each_counted_once() -> None:
    ear = Ear()
    with heard_by(ear), task("quality", 400, "folds") as tell:
        done = counting(tell)
        threads = [threading.Thread(target=lambda: [done() for _ in range(100)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ear.heard[-2] == "400 of 400 folds"


def test_without_an_audience_the_log_has_the_last_line_and_one_every_so_often(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "steps")
    with task("search", 4, "fits") as tell:
        for done in range(1, 5):
            tell(done)
    monkeypatch.setattr(tasks, "LINE_EVERY_S", 0.0)
    with task("quality", 2, "folds") as tell:
        tell(1)
        tell(2)
    shown = [record.getMessage().partition(" (")[0] for record in caplog.records]
    assert shown == ["search: 4 of 4 fits", "quality: 1 of 2 folds", "quality: 2 of 2 folds"]
