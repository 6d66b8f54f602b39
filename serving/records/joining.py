"""Which prediction a true price belongs to: that of its receipt, or the last one before it was known."""

from bisect import bisect_left
from collections import deque
from operator import itemgetter

from serving.records.feedback import Feedback

Place = tuple[str, int] | int  # a row of a receipt, or a house


def place_of(truth: Feedback) -> Place | None:
    """What the true price names: a row of a receipt before a house; None: neither."""
    if truth.receipt is not None and truth.row is not None:
        return truth.receipt, truth.row
    return truth.house_id


def known_at(truth: Feedback) -> float:
    """When the price became known, in seconds since 1970: as the caller says, and not after it was received."""
    return truth.received if truth.event_time is None else min(truth.event_time, truth.received)


class Predictions[T]:
    """Predictions, found again by their true prices.

    A true price of a house belongs to the newest prediction before the price was known: what was predicted afterwards
    may have been made by a model that knew it.

    Args:
        most: so many are kept, those that were entered last; None: all.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._found: dict[Place, list[tuple[float, T]]] = {}
        self._order: deque[Place] = deque()

    def enter(self, place: Place, moment: float, prediction: T) -> None:
        """Keep what was predicted then, in seconds since 1970; of one place in any order of the times."""
        known = self._found.setdefault(place, [])
        known.insert(bisect_left(known, moment, key=itemgetter(0)), (moment, prediction))
        self._order.append(place)
        if self._most is not None and len(self._order) > self._most:
            self._forget(self._order.popleft())

    def of(self, truth: Feedback) -> T | None:
        """The prediction that the true price belongs to, or None: it is not here."""
        place = place_of(truth)
        known = self._found.get(place, []) if place is not None else []
        if isinstance(place, tuple):
            return known[-1][1] if known else None
        before = bisect_left(known, known_at(truth), key=itemgetter(0))
        return known[before - 1][1] if before else None

    def _forget(self, place: Place) -> None:
        known = self._found[place]
        del known[0]
        if not known:
            del self._found[place]
