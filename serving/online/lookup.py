"""Features of houses from Feast's online store, for many threads at once: fresh, with their event times."""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from serving.errors import ExpiredFeaturesError, OnlineStoreError, UnknownHouseError
from serving.online.online_read import OnlineReader, Stored, views_of
from serving.protocol.faults import Faults
from serving.protocol.requests import HOUSE_ID

if TYPE_CHECKING:
    from feast import FeatureStore

logger = logging.getLogger(__name__)
LONGEST_WAIT_S = 10
MOST_CACHED = 10_000
Expired = Literal["refuse", "flag"]


class Found(NamedTuple):
    """What a look-up found, row by row in the order of the ids.

    Attributes:
        rows: the values of each house, NaN where one is missing.
        event_times: when they were observed, in seconds since 1970; of several views, the one longest ago.
        expired: the rows whose features are older than their view's ttl; empty where those are refused.
    """

    rows: list[tuple[float, ...]]
    event_times: list[float]
    expired: list[int]


class FeatureLookup:
    """Online features by house id.

    Feast's SQLite store shares one connection between threads, which loses and mixes up answers: each look-up takes
    a reader of its own from a pool, and puts it back.

    Args:
        open_store: makes a Feast store; it is read once, for the views and their ttl.
        service: the feature service's name.
        features: the features to return, in this order.
        size: how many look-ups may run at once.
        cache_s: how long a value that was read is used again, in seconds; 0 for not at all.
        expired: what is done about features that are older than their view's ttl.
        observe: is told the seconds that each question to the store took.
    """

    def __init__(
        self,
        open_store: "Callable[[], FeatureStore]",
        service: str,
        features: Sequence[str],
        size: int,
        cache_s: float = 0.0,
        expired: Expired = "refuse",
        observe: Callable[[float], object] = lambda _: None,
    ) -> None:
        self.expired = expired
        self._observe = observe
        self._cache = Cache(cache_s)
        self._pool: queue.LifoQueue[OnlineReader] = queue.LifoQueue()
        store = open_store()
        views = views_of(store, service, features)
        for _ in range(size):
            reader = OnlineReader(store.config, views, len(features))
            _ask(reader, [0])  # the first look-up opens the database: no caller should wait for that
            self._pool.put(reader)

    def find(self, house_ids: Sequence[int]) -> Found:
        """The features of each house.

        Raises:
            UnknownHouseError: with one detail for each row whose house is not in the store.
            ExpiredFeaturesError: with one detail for each row whose features are too old, unless they are flagged.
            OnlineStoreError: the store does not answer.
        """
        stored = self._stored(house_ids)
        known = [one for one in stored if one is not None]
        if len(known) < len(stored):
            raise _unknown(house_ids, stored)
        now = time.time()
        late = [row for row, one in enumerate(known) if one.fresh_until < now]
        if late and self.expired == "refuse":
            raise _expired(house_ids, known, late)
        return Found([one.values for one in known], [one.event_time for one in known], late)

    def require(self, house_ids: Sequence[int]) -> None:
        """Return if the store has something of each house, however old.

        Raises:
            UnknownHouseError: with one detail for each row whose house is not in the store.
            OnlineStoreError: the store does not answer.
        """
        stored = self._stored(house_ids)
        if None in stored:
            raise _unknown(house_ids, stored)

    def _stored(self, house_ids: Sequence[int]) -> list[Stored | None]:
        found: dict[int, Stored | None] = {one: self._cache.get(one) for one in house_ids}
        if wanted := [house_id for house_id, stored in found.items() if stored is None]:
            read = dict(zip(wanted, self._read(wanted), strict=True))
            self._cache.put(read)
            found.update(read)
        return [found[house_id] for house_id in house_ids]

    def _read(self, house_ids: list[int]) -> list[Stored | None]:
        with self._reader() as reader:
            started = time.perf_counter()
            stored = _ask(reader, house_ids)
            self._observe(time.perf_counter() - started)
        return stored

    @contextmanager
    def _reader(self) -> Iterator[OnlineReader]:
        try:
            reader = self._pool.get(timeout=LONGEST_WAIT_S)
        except queue.Empty as err:
            raise OnlineStoreError("All look-ups of the online store are busy; try again.") from err
        try:
            yield reader
        finally:
            self._pool.put(reader)


class Cache:
    """What was read a moment ago, by house id; houses that were not found are not kept.

    Args:
        seconds: how long a value is kept; 0 for not at all.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[float, Stored]] = {}  # the oldest first

    def get(self, house_id: int) -> Stored | None:
        """What is kept of the house and still young enough, or None."""
        kept = self._kept.get(house_id)
        return kept[1] if kept is not None and time.monotonic() < kept[0] else None

    def put(self, read: dict[int, Stored | None]) -> None:
        """Keep what was found; the oldest make room."""
        if not self.seconds:
            return
        until = time.monotonic() + self.seconds
        with self._lock:
            for house_id, stored in read.items():
                self._kept.pop(house_id, None)
                if stored is not None:
                    self._kept[house_id] = (until, stored)
            while len(self._kept) > MOST_CACHED:
                del self._kept[next(iter(self._kept))]


def _ask(reader: OnlineReader, house_ids: Sequence[int]) -> list[Stored | None]:
    try:
        return reader.read(house_ids)
    except Exception as err:  # whatever the configured store's client raises
        logger.exception("Online look-up failed")
        raise OnlineStoreError(
            "The online store does not answer; try again, or send raw features instead of house ids."
        ) from err


def _unknown(house_ids: Sequence[int], stored: Sequence[Stored | None]) -> UnknownHouseError:
    faults = Faults()
    for row, (house_id, one) in enumerate(zip(house_ids, stored, strict=True)):
        if one is None:
            remedy = "no such house in the online store: send another id, or raw features"
            faults.add(row=row, feature=HOUSE_ID, value=house_id, remedy=remedy)
    return UnknownHouseError(faults.summary(), faults.details)


def _expired(house_ids: Sequence[int], stored: Sequence[Stored], late: Sequence[int]) -> ExpiredFeaturesError:
    faults = Faults()
    for row in late:
        one = stored[row]
        observed = datetime.fromtimestamp(math.floor(one.observed), UTC).isoformat()
        ttl = str(timedelta(seconds=one.ttl_s))
        remedy = f"its features are of {observed} and expired after {ttl}: run the feature pipeline (materialize)"
        faults.add(
            row=row, feature=HOUSE_ID, value=house_ids[row], house_id=house_ids[row], event_time=observed, ttl=ttl,
            remedy=remedy,
        )  # fmt: skip
    return ExpiredFeaturesError(faults.summary(), faults.details)
