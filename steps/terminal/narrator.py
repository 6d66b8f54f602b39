"""ZenML's log, and ours, as what a screen shows: a line for each step that has ended, what we say of it beside it.

ZenML's hooks know nothing of steps that come from the cache, write a row for each call and would travel with the
pipeline to a cluster; its log has it all, and costs nothing (docs/decisions/0047).
"""

import logging
import re
import time

from rich.progress import TaskID

from steps.terminal.screen import NAME_WIDTH, Screen

TOLD_ELSEWHERE = "told_elsewhere"  # of a record: for the file only
OURS = ("pipelines", "steps", "serving", "zenml_config", "benchmarks", "__main__")
STARTED = re.compile(r"Step `(?P<step>.+)` has started\.")
FINISHED = re.compile(r"Step `(?P<step>.+)` has finished in `.+`\.")
CACHED = re.compile(r"Using cached version of step `(?P<step>.+)`\.")
# ZenML's listings read fields of its own models that it has deprecated: nobody here can mend that. Python's filter of
# warnings is not asked to drop it: libraries set that anew when they are imported.
ITS_OWN = re.compile(r"zenml[/.]models[/.]\S*: DeprecationWarning: deprecated")
FAILED = re.compile(r"Step (?P<step>.+) failed\.|Failed to run step `(?P<name>.+)`: ", re.DOTALL)


class Narrator(logging.Handler):
    """Shows what matters of the log.

    Args:
        lasting: whether lines stay on the screen; otherwise a terminal's last line says what goes on, and that is all.

    Attributes:
        step: under way, or the one that failed; empty: none.
    """

    def __init__(self, screen: Screen, lasting: bool = True) -> None:
        super().__init__()
        self.step = ""
        self._screen, self._lasting = screen, lasting
        self._started = 0.0
        self._notes: list[str] = []
        self._cached: list[str] = []
        self._row: TaskID | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show it, or keep it for the line of its step."""
        try:
            self._tell(record, record.getMessage())
        except Exception:  # as all handlers do: what is logged must not end what logs
            self.handleError(record)

    def flush_cached(self) -> None:
        """Show which steps had nothing to do, if any."""
        if self._cached:
            self._write(f"  as before: {', '.join(self._cached)}", "dim")
            self._cached.clear()

    def end(self) -> None:
        """Show what is left."""
        self.flush_cached()
        self._clear_row()
        self._say_notes()

    def _tell(self, record: logging.LogRecord, message: str) -> None:
        package = record.name.partition(".")[0]
        if getattr(record, TOLD_ELSEWHERE, False) or (record.name == "py.warnings" and ITS_OWN.search(message)):
            return
        if package == "zenml" and self._is_of_a_step(message):
            return
        if package in OURS and record.levelno == logging.INFO and self.step:
            self._notes.append(message.removeprefix(f"{self.step}: "))
        elif record.levelno >= logging.WARNING or (package in OURS and record.levelno >= logging.INFO):
            self._say(record, message, package)

    def _is_of_a_step(self, message: str) -> bool:
        if found := STARTED.fullmatch(message):
            self._begin(found["step"])
        elif FINISHED.fullmatch(message):
            self._finish()
        elif found := CACHED.fullmatch(message):
            self._cached.append(found["step"])
        else:
            return FAILED.match(message) is not None  # the paragraph at the end says it
        return True

    def _begin(self, step: str) -> None:
        self.flush_cached()
        self.step, self._started = step, time.monotonic()
        self._row = self._screen.add_row(step)

    def _finish(self) -> None:
        self._clear_row()
        first, *rest = self._notes or [""]
        seconds = time.monotonic() - self._started
        self._write(f"  {self.step:<{NAME_WIDTH}} {seconds:6.1f} s  {first}".rstrip())
        self._notes = rest
        self._say_notes()
        self.step = ""

    def _clear_row(self) -> None:
        if self._row is not None:
            self._screen.remove_row(self._row)
            self._row = None

    def _say_notes(self) -> None:
        for note in self._notes:
            self._write(f"{'':<{NAME_WIDTH + 13}}{note}")
        self._notes = []

    def _say(self, record: logging.LogRecord, message: str, package: str) -> None:
        if record.levelno < logging.WARNING:
            self._write(f"  {message}")
            return
        whose = "" if package in OURS else f"{package}: "
        text = message if package in OURS else " ".join(message.split())[:300]
        self._write(f"    {record.levelname.lower()}: {whose}{text}", "yellow")

    def _write(self, line: str, style: str = "") -> None:
        if self._lasting:
            self._screen.say(line, style)
