"""Our service beside a FastAPI peer: `make bench`, or `python -m benchmarks.serving [--bundle DIR] [--port N]`.

Both serve the same bundle with one worker, in turns, on the same machine. Ratios are what to read: requests per second
depend on the machine and on the client, which shares its cores.
"""

import argparse
import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from benchmarks.peer import houses, rows
from serving import service
from serving.processes import end_group, group, start_apart
from serving.settings import Settings, read_settings

CONNECTIONS = 4
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Target:
    """Something to ask: where, what, and the processes that work for it."""

    name: str
    port: int
    path: str
    bodies: Sequence[bytes]
    pid: int
    created: float

    def cpu_seconds(self) -> float:
        """The processor time of all its processes so far."""
        times = [process.cpu_times() for process in group(self.pid, self.created)]
        return sum(each.user + each.system for each in times)


def ask(target: Target, count: int) -> None:
    """Send `count` requests over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    for number in range(count):
        connection.request("POST", target.path, target.bodies[number % len(target.bodies)], JSON)
        response = connection.getresponse()
        if response.read() and response.status != 200:
            raise SystemExit(f"{target.name} answers {response.status}")
    connection.close()


def measure(target: Target, count: int) -> tuple[float, float]:
    """Requests per second, and microseconds of the server's processor time for each request."""
    cpu, started = target.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda _: ask(target, count // CONNECTIONS), range(CONNECTIONS)))
    seconds = time.perf_counter() - started
    done = count // CONNECTIONS * CONNECTIONS
    return done / seconds, (target.cpu_seconds() - cpu) / done * 1e6


@contextmanager
def ours(bundle: Path, settings: Settings) -> Iterator[list[Target]]:
    """Our service, asked by raw features and by house id."""
    running = service.start(bundle, settings)
    try:
        wanted = houses(100)
        names = list(wanted[0])
        raw = [{"data": {"names": names, "ndarray": [list(house.values())]}} for house in wanted]
        by_id = [{"data": {"names": ["house_id"], "ndarray": [[number]]}} for number in range(100)]
        yield [
            Target(name, running.port, "/api/v1.0/predictions", bodies, running.pid, running.created)
            for name, bodies in (
                ("Seldon service, raw features", [msgspec.json.encode(one) for one in raw]),
                ("Seldon service, house id", [msgspec.json.encode(one) for one in by_id]),
            )
        ]
    finally:
        service.stop(running, settings)


@contextmanager
def peer(bundle: Path, port: int, folder: Path) -> Iterator[Target]:
    """The FastAPI peer under uvicorn."""
    arguments = ["-m", "uvicorn", "--factory", "benchmarks.peer:create", "--port", str(port), "--log-level", "warning"]
    environment = {**os.environ, "PEER_BUNDLE": str(bundle), "OMP_NUM_THREADS": "1"}
    pid, created = start_apart(arguments, folder / "peer.log", environment)
    target = Target("FastAPI peer", port, "/predict", rows(100), pid, created)
    try:
        deadline = time.monotonic() + 120
        while not _answers(target):
            if time.monotonic() > deadline or not psutil.pid_exists(pid):
                raise SystemExit(f"The peer did not start:\n{(folder / 'peer.log').read_text()}")
            time.sleep(0.1)
        yield target
    finally:
        end_group(pid, created, 5)


def _answers(target: Target) -> bool:
    try:
        ask(target, 1)
    except OSError:
        return False
    return True


def newest_bundle(folder: Path) -> Path:
    """The bundle that was written last.

    Raises:
        SystemExit: there is none.
    """
    bundles = sorted(folder.glob("v*/metadata.json"), key=lambda path: path.stat().st_mtime)
    if not bundles:
        raise SystemExit(f"{folder} has no model bundle to serve. Run `make demo` first.")
    return bundles[-1].parent


def main() -> None:
    """Measure in alternating rounds and print the medians as ratios."""
    settings = read_settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="default: the newest bundle of HPP_MODELS_DIR")
    parser.add_argument("--port", type=int, default=9320, help="two ports from here on are used")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    bundle = wanted.bundle or newest_bundle(settings.models_dir)
    with tempfile.TemporaryDirectory() as folder:
        own = {"rest_port": wanted.port, "metrics_port": 0, "workers": 1, "profiles_dir": Path(folder) / "profiles"}
        mine = settings.model_copy(update=own)
        with ours(bundle, mine) as targets, peer(bundle, wanted.port + 1, Path(folder)) as other:
            everyone = [other, *targets]
            for target in everyone:
                ask(target, 200)
            rounds = [[measure(target, wanted.requests) for target in everyone] for _ in range(wanted.rounds)]
    _print(everyone, rounds)


def _print(everyone: Sequence[Target], rounds: Sequence[Sequence[tuple[float, float]]]) -> None:
    medians = [
        tuple(statistics.median(figures) for figures in zip(*results, strict=True))
        for results in zip(*rounds, strict=True)
    ]
    base_rate, base_cpu = medians[0]
    lines = [f"{'':32} {'req/s':>8} {'ratio':>7} {'CPU us/req':>11} {'ratio':>7}"]
    for target, (rate, cpu) in zip(everyone, medians, strict=True):
        lines.append(f"{target.name:32} {rate:8.0f} {rate / base_rate:6.2f}x {cpu:11.0f} {cpu / base_cpu:6.2f}x")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
