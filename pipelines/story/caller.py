"""The caller of the story: a process of its own that asks for prices all day and checks each answer.

`python -m pipelines.story.caller URL WORLD CALLS SETTINGS`; its key is in the environment. Four connections are kept
alive and take turns; a request is sent once, whatever becomes of it.
"""

import contextlib
import http.client
import itertools
import os
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from pipelines.story.calls import (
    FEEDBACK,
    PREDICTIONS,
    Answer,
    Calls,
    Failure,
    Tally,
    World,
    by_features,
    by_id,
    read_answer,
    told,
)
from serving.files import write_atomically

KEY = "HPP_STORY_KEY"
CONNECTIONS = 4
TIMEOUT_S = 60.0
WRITTEN_EVERY_S = 0.5
FAILURES_KEPT = 20


class Pace(msgspec.Struct, frozen=True):
    """How much is asked: requests a second, houses of the two kinds of batches, the end, the seed of the houses."""

    requests_a_second: float
    batches: tuple[int, int]
    most_requests: int
    truth_delay_seconds: float
    seed: int


class Truth(NamedTuple):
    """A true price that will be told."""

    due: float
    receipt: str
    price: float


class Caller:
    """Asks, checks and counts.

    Args:
        url: of the service.
        world: the file of what it knows; calls: the file of what it counted.
    """

    def __init__(self, url: str, key: str, world: Path, calls: Path, pace: Pace) -> None:
        where = urlsplit(url)
        self.pace = pace
        self._calls_path, self._world_path = calls, world
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}
        open_one = (http.client.HTTPConnection(where.netloc, timeout=TIMEOUT_S) for _ in range(CONNECTIONS))
        self._connections = itertools.cycle(list(open_one))
        self._random = random.Random(pace.seed)  # noqa: S311  # which house is asked for is no secret
        self._calls = Calls(total=Tally(), phases={}, failures=[])
        self._houses: dict[tuple[str, str], set[int]] = {}
        self._due: deque[Truth] = deque()
        self._shuffled: list[int] = []
        self._for_sale: list[int] = []
        self._seen: tuple[int, int] = (0, 0)
        self._world = World(phase="", names=[], houses={})

    def run(self) -> None:
        """Ask until the world stops or the most requests are sent."""
        kinds: itertools.cycle[Callable[[], None]] = itertools.cycle((self._sale, self._batch, self._sale, self._typed))
        self._look()
        turn = written = time.monotonic()
        while not self._world.stop and self._calls.total.requests < self.pace.most_requests:
            if self._due and self._due[0].due <= time.monotonic():
                self._tell(self._due.popleft())
            else:
                next(kinds)()
            if time.monotonic() - written > WRITTEN_EVERY_S:
                written = time.monotonic()
                self.write()
            turn = max(turn + 1 / self.pace.requests_a_second, time.monotonic() - 1)  # a pause is not made up for
            time.sleep(max(turn - time.monotonic(), 0))
            self._look()
        self.write()

    def write(self) -> None:
        """Write down what was counted so far."""
        for (phase, version), houses in self._houses.items():
            self._tally(phase).houses_by_version[version] = len(houses)
        write_atomically(self._calls_path, msgspec.json.encode(self._calls))

    def _look(self) -> None:
        found = self._world_path.stat()
        if (seen := (found.st_mtime_ns, found.st_ino)) == self._seen:
            return
        before, self._world = self._world, msgspec.json.decode(self._world_path.read_bytes(), type=World)
        self._seen = seen
        if (self._world.sales, self._world.sold) != (before.sales, before.sold):
            self._for_sale = self._random.sample(sorted(self._world.sold), len(self._world.sold))

    def _sale(self) -> None:
        """One house by its id: one that is sold, if there is one left, and then its true price is told later."""
        is_sold = bool(self._for_sale)
        house = self._for_sale.pop() if is_sold else self._some(1)[0]
        answer = self._price("one house id", [house], by_id([house]))
        if is_sold and answer is not None and answer.receipt is not None:
            due = time.monotonic() + self.pace.truth_delay_seconds
            self._due.append(Truth(due, answer.receipt, self._world.sold[house]))

    def _batch(self) -> None:
        houses = self._some(self.pace.batches[0])
        self._price("a batch of house ids", houses, by_id(houses))

    def _typed(self) -> None:
        houses = self._some(self.pace.batches[1] if self._random.random() < 0.5 else 1)
        rows = [self._world.houses[house] for house in houses]
        self._price("features", houses, by_features(self._world.names, rows))

    def _some(self, count: int) -> list[int]:
        """The next houses: all of them are asked for in turn, in an order that changes."""
        if len(self._shuffled) < count:
            self._shuffled = self._random.sample(sorted(self._world.houses), len(self._world.houses))
        taken, self._shuffled = self._shuffled[:count], self._shuffled[count:]
        return taken

    def _price(self, kind: str, houses: list[int], body: bytes) -> Answer | None:
        reply = self._send(kind, PREDICTIONS, body)
        try:
            answer = read_answer(reply, len(houses)) if reply is not None else None
        except (ValueError, KeyError, TypeError) as err:
            self._fail(kind, f"a wrong answer: {type(err).__name__}: {err}")
            return None
        if answer is not None:
            self._count(houses, answer.versions)
        return answer

    def _tell(self, truth: Truth) -> None:
        if self._send("a true price", FEEDBACK, told(truth.receipt, truth.price)) is not None:
            for tally in self._tallies():
                tally.truths += 1

    def _send(self, kind: str, path: str, body: bytes) -> bytes | None:
        """The body of the reply; None: there was none, or it was an error."""
        connection = next(self._connections)
        status, reply = "no reply", b""
        try:
            connection.request("POST", path, body, self._headers)
            response = connection.getresponse()
            reply, status = response.read(), str(response.status)
        except (OSError, http.client.HTTPException) as err:
            connection.close()
            reply = f"{type(err).__name__}: {err}".encode()
        for tally in self._tallies():
            tally.requests += 1
            tally.by_status[status] = tally.by_status.get(status, 0) + 1
        if status == "200":
            return reply
        self._fail(kind, f"{status}: {reply[:300].decode(errors='replace')}")
        return None

    def _fail(self, kind: str, reason: str) -> None:
        for tally in self._tallies():
            tally.failed += 1
        if len(self._calls.failures) < FAILURES_KEPT:
            self._calls.failures.append(Failure(time.time(), kind, reason))

    def _count(self, houses: list[int], versions: list[str]) -> None:
        who = "+".join(sorted(set(versions)))
        for tally in self._tallies():
            tally.by_version[who] = tally.by_version.get(who, 0) + 1
            for version in versions:
                tally.rows_by_version[version] = tally.rows_by_version.get(version, 0) + 1
        for house, version in zip(houses, versions, strict=True):
            self._houses.setdefault((self._world.phase, version), set()).add(house)

    def _tallies(self) -> tuple[Tally, Tally]:
        return self._calls.total, self._tally(self._world.phase)

    def _tally(self, phase: str) -> Tally:
        return self._calls.phases.setdefault(phase, Tally())


def main() -> None:
    """Ask, as the command line says."""
    url, world, calls, pace = sys.argv[1:]
    caller = Caller(url, os.environ[KEY], Path(world), Path(calls), msgspec.json.decode(pace, type=Pace))
    with contextlib.suppress(KeyboardInterrupt):
        caller.run()


if __name__ == "__main__":
    main()
