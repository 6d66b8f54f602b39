"""Rows profiled versus rows served while workers are killed at random; and what profiling costs: after `make demo`.

`python -m benchmarks.profile_kills [--seconds 60] [--bundle DIR] [--seed N]`, three minutes, one service of its own.

First the service is under load in peace: what its profiling process takes for a row that it profiles, whylogs' import
left out, and the other processes for a row that they answer. Then a process of it, a worker or now and then the
profiling one, is killed with SIGKILL every second or so.
"""

import argparse
import http.client
import os
import random
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.requests import seldon_rows
from benchmarks.serving import newest_bundle, own_environment
from benchmarks.targets import HOST
from serving import service
from serving.keys import make_key
from serving.process.processes import free_port, group
from serving.records.hourly import ENDING
from serving.records.profile_store import PROFILE_ENDING, ProfileStore
from serving.records.receipts import Header
from serving.records.sidecar import profile_under_lock
from serving.records.spool import SPOOL
from serving.service import Service
from serving.settings import MOST_A_MINUTE, Settings, read_settings

CALLERS = 4
PATIENCE_S = 300
ROUNDS = 2  # of profiling, in peace
PROFILING = "serving.records.sidecar"


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        profiling_share: of the processor time that all processes of the service take for a row, in peace.
        kills, profiling_kills: workers, and profiling processes, that were killed.
        answered: rows that a caller got a price for.
        failed: calls without an answer, whose worker was killed.
        recorded: rows in the receipts: those answered, and those whose worker was killed before it could reply.
        profiled: rows in the whylogs profiles when the service was stopped, which does not wait long for them.
        profiled_by_the_next: and after the next start has taken up what was left.
    """

    profiling_share: float
    requests_per_s: float
    kills: int
    profiling_kills: int
    answered: int
    failed: int
    recorded: int
    profiled: int
    profiled_by_the_next: int


class Callers:
    """Threads that ask for one row after another on kept connections, and count."""

    def __init__(self, port: int, key: str) -> None:
        self.answered = self.failed = 0
        self._port, self._key = port, key
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._call, args=(place,)) for place in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the last calls end."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(self, place: int) -> None:
        asked = seldon_rows()
        headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
        connection, number = http.client.HTTPConnection(HOST, self._port, timeout=10), place
        while not self._stopped.is_set():
            number += CALLERS
            try:
                connection.request("POST", asked.path, asked.bodies[number % len(asked.bodies)], headers)
                response = connection.getresponse()
                response.read()
                answered = response.status == 200
            except (OSError, http.client.HTTPException):
                answered = False
                connection.close()
                time.sleep(0.01)
            with self._lock:
                self.answered += answered
                self.failed += not answered
        connection.close()


def run(bundle: Path, settings: Settings, seconds: float, seed: int) -> Outcome:
    """What came of so many seconds of kills."""
    key = make_key(settings.api_keys, "benchmark", MOST_A_MINUTE)
    ports = {name: free_port(HOST) for name in ("rest_port", "metrics_port")}
    mine = settings.model_copy(update={**ports, "grpc_port": 0, "console_port": 0})
    running = service.start(bundle, mine)
    try:
        callers = Callers(running.port, key)
        try:
            wait_for_a_profile(mine.profiles_dir)
            share, rate = in_peace(running, callers, mine)
            kills, profiling_kills = kill(running, seconds, random.Random(seed))  # noqa: S311  # no secret
        finally:
            callers.stop()
    finally:
        service.stop(running, mine)
    recorded, profiled = recorded_rows(mine.profiles_dir / SPOOL), profiled_rows(mine.profiles_dir)
    profile_under_lock(mine.profiles_dir)
    counts = (kills, profiling_kills, callers.answered, callers.failed, recorded, profiled)
    return Outcome(share, rate, *counts, profiled_rows(mine.profiles_dir))


def wait_for_a_profile(profiles: Path) -> None:
    """Wait until the first profile is written, so that whylogs is imported.

    Raises:
        SystemExit: there is none in five minutes.
    """
    ends = time.monotonic() + PATIENCE_S
    while not any(profiles.glob(f"v*/*/*{PROFILE_ENDING}")):
        if time.monotonic() > ends:
            raise SystemExit(f"No profile was written in {PATIENCE_S} s.")
        time.sleep(0.2)


def in_peace(running: Service, callers: Callers, settings: Settings) -> tuple[float, float]:
    """The share of profiling in the processor time of a row, and answers a second."""
    seconds = ROUNDS * settings.profile_seconds
    before, answered, profiled = _seconds(running), callers.answered, profiled_rows(settings.profiles_dir)
    time.sleep(seconds)
    spent = {pid: taken - before.get(pid, (0.0, ""))[0] for pid, (taken, _) in _seconds(running).items()}
    answered, profiled = callers.answered - answered, profiled_rows(settings.profiles_dir) - profiled
    profiling = sum(spent[pid] for pid, (_, command) in before.items() if PROFILING in command)
    # Rows are profiled half a minute after they were answered: each kind of work is held against its own rows.
    of_profiling, of_the_rest = profiling / profiled, (sum(spent.values()) - profiling) / answered
    return of_profiling / (of_profiling + of_the_rest), answered / seconds


def kill(running: Service, seconds: float, chance: random.Random) -> tuple[int, int]:
    """How many workers, and how many profiling processes, were killed."""
    counts = [0, 0]
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(chance.uniform(0.3, 2))
        children = [one for one in group(running.pid, running.created) if one.pid != running.pid]
        if children:
            victim = chance.choice(children)
            try:
                counts[PROFILING in " ".join(victim.cmdline())] += 1
                victim.kill()
            except psutil.Error:  # it ended by itself
                continue
    return counts[0], counts[1]


def recorded_rows(spool: Path) -> int:
    """The rows of the whole lines of the receipts, probes left out."""
    import msgspec

    from serving.records.receipts import Served

    count = 0
    for path in spool.glob(f"*{ENDING}"):
        with path.open("rb") as file:
            header = file.readline()
            if not header.endswith(b"\n"):
                continue
            msgspec.json.decode(header, type=Header)
            lines = (msgspec.json.decode(line, type=Served) for line in file if line.endswith(b"\n"))
            count += sum(len(line.rows) for line in lines if not line.probe)
    return count


def profiled_rows(profiles: Path) -> int:
    """The rows in the profiles of all versions and hours."""
    store = ProfileStore(str(profiles))
    versions = [path.name.removeprefix("v") for path in profiles.glob("v*")]
    views = [store.read_hour(version, hour) for version in versions for hour in store.hours(version)]
    columns = (view.get_columns() for view in views if view is not None)
    return sum(max((int(one.get_metric("counts").n.value) for one in known.values()), default=0) for known in columns)


def _seconds(running: Service) -> dict[int, tuple[float, str]]:
    """Processor seconds and command of each process of the service."""
    known = group(running.pid, running.created)
    return {one.pid: (sum(one.cpu_times()[:2]), " ".join(one.cmdline())) for one in known}


def main() -> None:
    """Kill, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_kills", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--bundle", type=Path, help="default: the newest bundle of HPP_MODELS_DIR")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hpp-kills-") as folder:
        os.environ.update(own_environment(Path(folder)))
        settings = read_settings()
        bundle = (given.bundle or newest_bundle(settings.models_dir)).resolve()
        print(datetime.now(UTC).date(), run(bundle, settings, given.seconds, given.seed))  # noqa: T201  # the result


if __name__ == "__main__":
    main()
