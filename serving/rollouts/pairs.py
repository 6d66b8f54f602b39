"""What champion and challenger said of the same houses: the evidence of a rollout, in lines of files.

The lines are written off the request's path, by a thread of the worker; a killed worker loses those of its last tenth
of a second, and nothing else depends on them.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from prometheus_client import Counter

from serving.records.hourly import HourlyFiles

logger = logging.getLogger(__name__)
MOST_WAITING = 1000
ROUND_S = 0.1
CLOSING_S = 2.0


class Pairs(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One request that the challenger priced, or was to.

    Attributes:
        time: seconds since 1970.
        receipt: of the answer to these rows, in their order.
        keys: the number of each row's house (`serving.rollouts.sticky.Draw`).
        house_ids: where the features came from the online store.
        champion, challenger: the prices of each row.
        half_widths: of the champion's interval around each row's price.
        champion_ms, challenger_ms: how long each took.
        fault: what went wrong in the challenger, or nothing.
        loaded: whether there was a challenger to ask.
    """

    time: float
    receipt: str | None = None
    keys: list[int] = []
    house_ids: list[int] | None = None
    champion: list[float] = []
    challenger: list[float] = []
    half_widths: list[float] = []
    champion_ms: float = 0.0
    challenger_ms: float = 0.0
    fault: str = ""
    loaded: bool = True


class PairLog:
    """Writes pairs, and makes them first where that is work.

    Args:
        folder: where the files go.
        version: of the challenger.
        dropped: counts the requests that were left out because too many waited.
    """

    def __init__(self, folder: Path, version: str, dropped: Counter) -> None:
        self._files = HourlyFiles(folder, version)
        self._dropped = dropped
        self._waiting: queue.Queue[Callable[[], Pairs | None]] = queue.Queue(MOST_WAITING)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="pairs", daemon=True)
        self._thread.start()

    def add(self, make: Callable[[], Pairs | None]) -> None:
        """Have the pairs made, and written if there are any, a moment later."""
        try:
            self._waiting.put_nowait(make)
        except queue.Full:
            self._dropped.inc()

    def close(self) -> None:
        """Write what waits, and end."""
        self._stopped.set()
        self._thread.join(CLOSING_S)

    def _work(self) -> None:
        last = False
        while not last:
            last = self._stopped.wait(ROUND_S)
            try:
                self._write()
            except OSError:  # a full disk may be free again in the next round
                logger.exception("Evidence about the challenger was not written in %s", self._files.folder)
        self._files.close()

    def _write(self) -> None:
        lines = []
        for _ in range(self._waiting.qsize()):
            pairs = self._waiting.get_nowait()()
            if pairs is not None:
                lines.append(msgspec.json.encode(pairs) + b"\n")
        if lines:
            self._files.append(b"".join(lines), time.time())
