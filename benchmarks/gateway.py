"""What callers see through the gateway: a key at its limit; stores, workers and services that are killed under load.

`python -m benchmarks.gateway [--document docs/deployment.md]`, after `make demo`: two services behind HAProxy with TLS,
online rows and limits in a Redis, the registry in a PostgreSQL, all processes of its own; four minutes.
"""

import argparse
import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import backends
from benchmarks.backends import Backend
from benchmarks.document import renew
from benchmarks.machine import describe
from benchmarks.serving import newest_bundle
from benchmarks.targets import HOST
from serving import service
from serving.keys import make_key
from serving.process.processes import free_port, group
from serving.service import Service
from serving.settings import MOST_A_MINUTE, Settings, read_settings

PATH = "/api/v1.0/predictions"
HOUSES = 506
AN_HOUR = 6000  # calls at 100 a minute
TOO_MANY = 300
CALLERS, CALLS_A_SECOND = 4, 40.0
AWAY_S, AFTER_S = 5.0, 8.0
NAME = "gateway-benchmark"


class Seen(NamedTuple):
    """What the callers saw while something happened.

    Attributes:
        statuses: calls by status; 0 for a call without an answer.
        gap_s: the longest time between two answers of 200.
        p99_ms: of the calls that were answered with 200.
    """

    happened: str
    statuses: dict[int, int]
    gap_s: float
    p99_ms: float


class Callers:
    """Threads that ask by house id through the gateway at an even pace, and write down what comes."""

    def __init__(self, port: int, certificate: Path, key: str) -> None:
        self._port, self._context = port, ssl.create_default_context(cafile=str(certificate))
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}
        self._calls: list[tuple[float, int, float]] = []  # when it was answered, the status, seconds
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def open(self) -> http.client.HTTPSConnection:
        """A connection to the gateway."""
        return http.client.HTTPSConnection("localhost", self._port, timeout=35, context=self._context)

    def ask(self, connection: http.client.HTTPSConnection, house: int) -> int:
        """The status of a call; 0 without an answer."""
        body = json.dumps({"data": {"names": ["house_id"], "ndarray": [[house % HOUSES]]}})
        try:
            connection.request("POST", PATH, body, self._headers)
            response = connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0

    @contextlib.contextmanager
    def calling(self) -> Iterator[None]:
        """Call as long as this lasts."""
        self._threads = [threading.Thread(target=self._call, args=(place,)) for place in range(CALLERS)]
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in self._threads:
                thread.join()

    def during(self, happened: str, what: Callable[[], None]) -> Seen:
        """What was seen while something happened and some seconds after it."""
        begun = time.monotonic()
        what()
        time.sleep(AFTER_S)
        ended = time.monotonic()
        calls = [call for call in tuple(self._calls) if begun <= call[0] <= ended]
        well = sorted(at for at, status, _ in calls if status == 200)
        took = sorted(seconds for _, status, seconds in calls if status == 200)
        gap = max(after - before for before, after in zip([begun, *well], [*well, ended], strict=True))
        return Seen(happened, dict(sorted(Counter(call[1] for call in calls).items())), gap, _p99(took) * 1000)

    def _call(self, place: int) -> None:
        connection, due, house = self.open(), time.monotonic(), place
        while not self._stopped.is_set():
            house += CALLERS
            begun = time.monotonic()
            status = self.ask(connection, house)
            ended = time.monotonic()
            self._calls.append((ended, status, ended - begun))
            due = max(due + CALLERS / CALLS_A_SECOND, ended - 1)  # who was held up does not make up for all of it
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()


def _p99(ordered: list[float]) -> float:
    return ordered[int(0.99 * (len(ordered) - 1))] if ordered else float("nan")


def at_the_limit(callers: Callers) -> tuple[int, int, int, float]:
    """How many calls of a key were answered, refused and neither, and how long they took, seconds."""
    begun, statuses, lock = time.monotonic(), Counter[int](), threading.Lock()

    def call(place: int) -> None:
        connection = callers.open()
        for number in range((AN_HOUR + TOO_MANY) // CALLERS):
            status = callers.ask(connection, place + number)
            with lock:
                statuses[status] += 1
        connection.close()

    threads = [threading.Thread(target=call, args=(place,)) for place in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    others = statuses.total() - statuses[200] - statuses[429]
    return statuses[200], statuses[429], others, time.monotonic() - begun


def kill_a_worker(running: Service) -> None:
    """Kill one of the processes that answer."""
    children = psutil.Process(running.pid).children()
    next(one for one in children if "serving.server" in " ".join(one.cmdline())).kill()


def away(backend: Backend) -> None:
    """Kill it, and start it again a while later."""
    backend.end(signal.SIGKILL)
    time.sleep(AWAY_S)
    backend.start()


def roll(services: list[Service], settings: list[Settings], bundle: Path) -> None:
    """Stop the services and start them again, one after the other, as for a new image."""
    for place, own in enumerate(settings):
        service.stop(services[place], own)
        services[place] = service.start(bundle, own)


def kill_a_service(services: list[Service], settings: list[Settings], bundle: Path) -> None:
    """Kill all processes of a service, and start it again a while later."""
    for one in group(services[1].pid, services[1].created):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    time.sleep(AWAY_S)
    service.stop(services[1], settings[1])
    services[1] = service.start(bundle, settings[1])


def moved_out(folder: Path, redis: Backend, postgres: Backend) -> dict[str, str]:
    """The settings of services whose stores are these."""
    rows = "serving.online.redis_rows.RedisRowsOnlineStore"
    registry = f"postgresql+psycopg://postgres@{HOST}:{postgres.port}/postgres"
    places = {"HPP_PROFILES_DIR": "profiles", "HPP_API_KEYS": "api-keys.json", "HPP_AUDIT_DIR": "audit"}
    return {
        "HPP_ONLINE_STORE": f'{{type: {rows}, connection_string: "{HOST}:{redis.port}"}}',
        "HPP_RATE_LIMIT_STORE": f"redis://{HOST}:{redis.port}/1",
        "HPP_REGISTRY": f'{{registry_type: sql, path: "{registry}", cache_ttl_seconds: 5}}',
        "HPP_LOOKUP_CACHE_SECONDS": "0",
        "HPP_HOST": HOST,
        **{name: str(folder / own) for name, own in places.items()},
    }


def fill() -> None:
    """Apply the contract to the registry, and put every house online."""
    imports = "from serving.settings import read_settings; from steps.feature_store import definitions; "
    for arguments in (["-c", imports + "definitions.apply_definitions(read_settings())"], ["-m", "steps.materialize"]):
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own words


def measure(
    callers: Callers, stores: tuple[Backend, Backend], served: tuple[list[Service], list[Settings], Path]
) -> list[Seen]:
    """What was seen while one thing after the other happened."""
    (redis, postgres), services = stores, served[0]
    happenings: list[tuple[str, Callable[[], None]]] = [
        ("nothing", lambda: None),
        ("a worker is killed", lambda: kill_a_worker(services[0])),
        (f"Redis is killed, and back after {AWAY_S:g} s", lambda: away(redis)),
        (f"PostgreSQL is killed, and back after {AWAY_S:g} s", lambda: away(postgres)),
        (f"one of the two services is killed, and back after {AWAY_S:g} s", lambda: kill_a_service(*served)),
        ("the services are replaced, one after the other", lambda: roll(*served)),
    ]
    with callers.calling():
        return [callers.during(happened, what) for happened, what in happenings]


def run(folder: Path, bundle: Path) -> tuple[tuple[int, int, int, float], list[Seen]]:
    """What was seen of a key at its limit, and while things happened."""
    stores = backends.redis(folder), backends.postgres(folder)
    services: list[Service] = []
    own: list[Settings] = []
    running: list[Backend] = []
    try:
        for store in stores:
            running.append(store)
            store.start()
        os.environ.update(moved_out(folder, *stores))
        fill()
        settings = read_settings()
        keys = [make_key(settings.api_keys, *one) for one in (("limited", AN_HOUR), ("benchmark", MOST_A_MINUTE))]
        own = [settings.model_copy(update={**_ports(), "grpc_port": 0, "console_port": 0}) for _ in range(2)]
        services += [service.start(bundle, one) for one in own]
        door = backends.gateway(folder, *(one.rest_port for one in own))
        running.append(door)
        door.start()
        time.sleep(2)  # until it has seen both
        limited, free = (Callers(door.port, folder / "gateway.pem", key) for key in keys)
        return at_the_limit(limited), measure(free, stores, (services, own, bundle))
    finally:
        for one, its in zip(services, own, strict=False):
            service.stop(one, its)
        for backend in reversed(running):
            # PostgreSQL's SIGTERM, and HAProxy's SIGINT, wait for the callers to go.
            backend.end(signal.SIGINT if backend in stores else signal.SIGTERM)


def _ports() -> dict[str, int]:
    return {name: free_port(HOST) for name in ("rest_port", "metrics_port")}


def page(limit: tuple[int, int, int, float], seen: list[Seen]) -> str:
    """The figures as a document has them."""
    answered, refused, others, seconds = limit
    lines = [
        f"A key with {AN_HOUR:,} calls a minute, an hour of 100, called {AN_HOUR + TOO_MANY:,} times in "
        f"{seconds:.0f} s: {answered:,} answers of 200, {refused:,} of 429, {others} others.",
        "",
        "| what happens | calls | 200 | 503 | other | no answer | longest time without a price, s | p99 ms |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for one in seen:
        known = [one.statuses.get(status, 0) for status in (200, 503, 0)]
        total = sum(one.statuses.values())
        counts = f"{total} | {known[0]} | {known[1]} | {total - sum(known)} | {known[2]}"
        lines.append(f"| {one.happened} | {counts} | {one.gap_s:.1f} | {one.p99_ms:.0f} |")
    machine = describe(("granian",))
    where = f"{machine['cores']} cores ({machine['cpu']}, {machine['system']}), load average {machine['load_before']}"
    how = f"{CALLERS} callers, {CALLS_A_SECOND:g} calls a second in all"
    return "\n".join([*lines, "", f"{time.strftime('%Y-%m-%d')}, {where} at the end; {how}."])


def main() -> None:
    """Measure, print, and put the figures into a document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--document", type=Path, help="the document whose table is made anew")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended
    bundle = (wanted.bundle or newest_bundle(read_settings().models_dir)).resolve()
    with tempfile.TemporaryDirectory(prefix="hpp-gateway-") as folder:
        found = page(*run(Path(folder), bundle))
    sys.stdout.write(f"{found}\n")
    if wanted.document:
        renew(wanted.document, NAME, found)


if __name__ == "__main__":
    main()
