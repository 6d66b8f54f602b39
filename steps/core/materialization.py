"""What has to be written to the online store, in which order, and what is remembered of it: pure decisions."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Whole = NDArray[np.int64]


class Mark(BaseModel):
    """Up to where rows have been seen: all that were created and observed until then, in microseconds since 1970.

    Two times, since a row that comes late was observed before a materialization that could not see it yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    created_us: int
    event_us: int


class Unfinished(Mark):
    """A materialization that has not come to its end.

    Attributes:
        start_us: rows observed from then on are written even if they have been seen before.
        after: the last key that was written, in the order of the keys.
        done: rows that it has written.
    """

    start_us: int
    after: int
    done: int


class State(BaseModel):
    """What is known of the online rows of a view.

    Attributes:
        store: which online store it is about.
        features: the names of the columns that were written.
        completed: up to where everything is online, or None: nothing is known to be.
        unfinished: what a run that was killed has left to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str
    features: tuple[str, ...]
    completed: Mark | None = None
    unfinished: Unfinished | None = None


class Work(NamedTuple):
    """The positions of the rows to write, each part in the order of the keys.

    Attributes:
        again: rows that became newer after a killed run had passed them; few, and without a checkpoint of their own.
        rows: what lies beyond the checkpoint.
    """

    again: Whole
    rows: Whole


def work(keys: Whole, event_us: Whole, created_us: Whole, state: State, start_us: int) -> Work:
    """What to write of the last rows of all entities.

    Args:
        keys, event_us, created_us: the entity, event time and creation time of each row.
        start_us: rows observed from then on are written in any case.
    """
    left = state.unfinished
    first = start_us if left is None else min(start_us, left.start_us)
    wanted = event_us >= first
    if state.completed is None:
        wanted[:] = True
    else:
        wanted |= _newer(event_us, created_us, state.completed)
    order = np.argsort(keys, kind="stable")
    if left is None:
        return Work(order[:0], order[wanted[order]])
    passed = keys <= left.after
    again = passed & _newer(event_us, created_us, left)
    return Work(order[again[order]], order[(wanted & ~passed)[order]])


def written(keys: Whole, event_us: Whole, created_us: Whole, state: State) -> NDArray[np.bool_]:
    """Which of the last rows of all entities the store should hold, if the state is right."""
    held = np.zeros(len(keys), np.bool_)
    if state.completed is not None:
        held |= ~_newer(event_us, created_us, state.completed)
    if state.unfinished is not None:
        held |= (keys <= state.unfinished.after) & ~_newer(event_us, created_us, state.unfinished)
    return held


def _newer(event_us: Whole, created_us: Whole, mark: Mark) -> NDArray[np.bool_]:
    newer: NDArray[np.bool_] = (created_us > mark.created_us) | (event_us > mark.event_us)
    return newer


def batches(rows: Whole, size: int) -> Iterator[Whole]:
    """The positions in pieces of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def sample(rows: int, size: int) -> Whole:
    """At most `size` positions, spread evenly over the rows, both ends included."""
    return np.unique(np.linspace(0, rows - 1, min(rows, size)).astype(np.int64)) if rows else np.zeros(0, np.int64)
