"""What a benchmark shows while it works, on the error stream: a line a result, and how far it is."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from steps.terminal.screen import Screen
from steps.terminal.tasks import heard_by, task

_screens: list[Screen] = []


@contextmanager
def watched() -> Iterator[None]:
    """Inside, the benchmark is shown: on a terminal as a bar with the time that is left, elsewhere as lines."""
    screen = Screen(sys.stderr)
    with screen.open(), heard_by(screen):
        _screens.append(screen)
        try:
            yield
        finally:
            _screens.remove(screen)


def say(line: str) -> None:
    """Write a line that stays."""
    if _screens:
        _screens[-1].say(line)
    else:
        sys.stderr.write(f"{line}\n")


def each[Item](items: Sequence[Item], title: str, unit: str) -> Iterator[Item]:
    """The items, one by one; one is done when the next is asked for."""
    with task(title, len(items), unit) as tell:
        for done, item in enumerate(items, start=1):
            yield item
            tell(done)
