"""What a command shows of its work: a line a step, how far long work is, and what is said in between.

On a terminal the step under way has a last line of its own, with a clock and a bar; elsewhere, as in the log of a
workflow, there are plain lines only, and long work tells of itself every ten seconds.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Task as RichTask
from rich.progress_bar import ProgressBar
from rich.text import Text

from steps.terminal.tasks import LogLines, Task

WIDTH = 110  # characters of what is no terminal; on a narrower one lines wrap, and no figure is lost
NAME_WIDTH = 26
REFRESH_HZ = 4  # each time costs a millisecond or two


class Screen:
    """Where a command shows what it does.

    Args:
        stream: usually standard output.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        stream = stream or sys.stdout
        self.is_live = stream.isatty() and not Console(file=stream).is_dumb_terminal
        width = None if self.is_live else WIDTH
        # Whatever a workflow's FORCE_COLOR says: what is no terminal gets plain text.
        self.console = Console(file=stream, width=width, force_terminal=self.is_live, highlight=False, soft_wrap=True)
        self._bars = _bars(self.console)
        self._lines = _Lines(self)
        self._rows: dict[int, TaskID] = {}

    @contextmanager
    def open(self) -> Iterator[None]:
        """Inside, the last line is alive."""
        if self.is_live:
            self._bars.start()
        try:
            yield
        finally:
            if self.is_live:
                self._bars.stop()

    def say(self, text: str, style: str = "") -> None:
        """Write a line; the text is no markup."""
        self.console.print(Text(text, style=style))

    def write(self, text: str) -> None:
        """Write text as to a file; whole lines, since a terminal's last line is below."""
        self.console.print(Text(text), end="")

    def flush(self) -> None:
        """Nothing: what was written is shown."""

    def show(self, what: RenderableType) -> None:
        """Write a table, or another thing of rich's."""
        self.console.print(what)

    def add_row(self, what: str) -> TaskID:
        """The number of a line at the end of a terminal that says what goes on, with a clock, until it is removed."""
        return self._bars.add_task(what, total=None, count="", left="")

    def remove_row(self, row: TaskID) -> None:
        """Take the line away."""
        self._bars.remove_task(row)

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Inside, a terminal's last line says what goes on."""
        row = self.add_row(what)
        try:
            yield
        finally:
            self.remove_row(row)

    def task_begins(self, task: Task) -> None:
        """The task gets a bar, or may tell of itself in lines."""
        if self.is_live:
            self._rows[id(task)] = self._bars.add_task(task.title, total=task.total, count=_count(task), left="")
        self._lines.task_begins(task)

    def task_advances(self, task: Task) -> None:
        """The bar grows, or there is a line."""
        if self.is_live:
            self._bars.update(self._rows[id(task)], completed=task.done, count=_count(task), left=_left(task))
            if task.done == task.total:
                self._bars.refresh()  # else short work would end before it was seen
        else:
            self._lines.task_advances(task)

    def task_ends(self, task: Task) -> None:
        """The bar goes."""
        if self.is_live:
            self._bars.remove_task(self._rows.pop(id(task)))
        self._lines.task_ends(task)


class _Lines(LogLines):
    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def tell(self, line: str) -> None:
        self._screen.say(f"    {line}")


class _Bar(BarColumn):
    def render(self, task: RichTask) -> ProgressBar:
        """Nothing where it is not known how much there is to do: a bar that runs to and fro says nothing."""
        bar = super().render(task)
        bar.width = 0 if task.total is None else self.bar_width
        return bar


def _bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        _Bar(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False),
        TextColumn("{task.fields[left]}", markup=False, style="dim"),
        console=console,
        transient=True,
        refresh_per_second=REFRESH_HZ,
        # ZenML replaces the streams' functions, and would keep what rich puts in their place for as long as it lives.
        redirect_stdout=False,
        redirect_stderr=False,
        get_time=time.monotonic,
    )


def _count(task: Task) -> str:
    return f"{task.done:,} of {task.total:,} {task.unit}"


def _left(task: Task) -> str:
    seconds = task.progress.seconds_left
    return "" if seconds is None else f"{seconds:,.0f} s left"
