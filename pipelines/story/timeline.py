"""The timeline of the story: on the screen as it happens, and in a file for programs."""

import textwrap
import threading
import time
from pathlib import Path
from typing import Any, Protocol

import msgspec

from serving.files import write_atomically

WIDTH = 118
MARGIN = " " * 30


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: when (ISO 8601, local time), after how many seconds, where in the day, in words and in figures."""

    time: str
    after_s: float
    chapter: str
    text: str
    figures: dict[str, Any]


class Writable(Protocol):
    """What lines are written to, as a file or a screen."""

    def write(self, text: str, /) -> object:
        """Write it."""

    def flush(self) -> object:
        """Let it be seen."""


class Timeline:
    """The events so far.

    Args:
        screen: where they are told.
        path: of the file that has them all, which is whole at any time.
    """

    def __init__(self, screen: Writable, path: Path) -> None:
        self.events: list[Event] = []
        self._only_one = threading.RLock()  # alerts come at any time
        self._screen, self._path = screen, path
        self._started = time.monotonic()

    @property
    def after_s(self) -> float:
        """Seconds since the day began."""
        return time.monotonic() - self._started

    def tell(self, chapter: str, text: str, **figures: Any) -> None:
        """Add an event.

        Args:
            figures: what the words say in numbers.
        """
        with self._only_one:
            self._tell(chapter, text, figures)

    def _tell(self, chapter: str, text: str, figures: dict[str, Any]) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        event = Event(time=now, after_s=round(self.after_s, 1), chapter=chapter, text=text, figures=figures)
        self.events.append(event)
        lines = textwrap.wrap(text, WIDTH - len(MARGIN))
        head = f"{now[11:19]} {event.after_s:4.0f} s  {chapter:<12} "
        self._screen.write("".join(f"{start}{line}\n" for start, line in zip(_starts(head), lines, strict=False)))
        self._screen.flush()
        self.keep({})

    def say(self, text: str = "") -> None:
        """Write lines on the screen that are no events."""
        self._screen.write(text + "\n")
        self._screen.flush()

    def keep(self, outcome: dict[str, Any]) -> None:
        """Write the file, with the outcome of the day where it is known."""
        whole = {"events": self.events, **outcome}
        write_atomically(self._path, msgspec.json.format(msgspec.json.encode(whole, enc_hook=_plain), indent=1))


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's own."""
    return value.item()


def _starts(head: str) -> list[str]:
    return [head, *[MARGIN] * 100]
