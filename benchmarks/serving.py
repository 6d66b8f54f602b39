"""The service beside a FastAPI app, stock Seldon and a static answer: `make bench`, after `make demo`.

`python -m benchmarks.serving [--bundle DIR] [--rounds N] [--seconds S] [--connections N …] [--output FILE]`

All serve the same bundle with two workers, in turns, on the same machine, under wrk. Processor time for each request is
what to read: requests per second depend on the machine and on the client, which shares its cores.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from benchmarks import load, machine
from benchmarks.report import screen
from benchmarks.requests import Requests
from benchmarks.results import PLACE, Figures, Footprint, Run, encode, median
from benchmarks.servers import ALL
from benchmarks.targets import HOST, Target, check
from serving.files import write_atomically
from serving.settings import Settings, read_settings

WORKERS = 2
CONNECTIONS = (1, 8, 32)
WARM_UP_S = 1


def newest_bundle(folder: Path) -> Path:
    """The bundle that was written last.

    Raises:
        SystemExit: there is none.
    """
    bundles = sorted(folder.glob("v*/metadata.json"), key=lambda path: path.stat().st_mtime)
    if not bundles:
        raise SystemExit(f"{folder} has no model bundle to serve. Run `make demo` first.")
    return bundles[-1].parent


def measure(wrk: str, target: Target, requests: Requests, lua: Path, connections: int, seconds: int) -> Figures:
    """The figures of one round."""
    before = target.cpu_seconds()
    seen = load.run(wrk, lua, target.port, connections, seconds)
    spent = target.cpu_seconds() - before
    return Figures(
        target=target.name,
        request=requests.kind,
        rows=requests.rows,
        connections=connections,
        requests_per_s=seen.requests / seen.seconds,
        p50_ms=seen.p50_ms,
        p95_ms=seen.p95_ms,
        p99_ms=seen.p99_ms,
        cpu_us=spent / seen.requests * 1e6,
    )


def alternate(targets: Sequence[Target], folder: Path, wanted: argparse.Namespace, wrk: str) -> list[Figures]:
    """The medians over the rounds; in each round every target has its turn at every load."""
    asked = [(target, requests) for target in targets for requests in target.requests]
    scripts = [folder / f"{number}.lua" for number in range(len(asked))]
    for lua, (target, requests) in zip(scripts, asked, strict=True):
        lua.write_text(load.script(requests, target.headers))
        load.run(wrk, lua, target.port, max(wanted.connections), WARM_UP_S)
    turns = list(product(wanted.connections, zip(asked, scripts, strict=True)))
    rounds = []
    for number in range(wanted.rounds):
        sys.stderr.write(f"round {number + 1} of {wanted.rounds}\n")
        rounds.append([measure(wrk, *one, lua, count, wanted.seconds) for count, (one, lua) in turns])
    return [median(figures) for figures in zip(*rounds, strict=True)]


def run(bundle: Path, settings: Settings, folder: Path, wanted: argparse.Namespace) -> Run:
    """Start all targets, measure, and end them, whatever happens."""
    wrk, known = load.find_wrk(), machine.describe()
    with ExitStack() as stack:
        targets = [stack.enter_context(start(bundle, settings, folder)) for start in ALL]
        for target in targets:
            check(target)
        figures = alternate(targets, folder, wanted, wrk)
        footprints = [_footprint(target, settings.workers) for target in targets]
    now = datetime.now(UTC).date().isoformat()
    return Run(now, settings.workers, wanted.rounds, wanted.seconds, known, figures, footprints)


def _footprint(target: Target, workers: int) -> Footprint:
    worker, everything = target.memory_mb(workers)
    return Footprint(target.name, round(worker, 1), round(everything, 1), round(target.cold_start_s, 2))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--bundle", type=Path, help="default: the newest bundle of HPP_MODELS_DIR")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each load in each round")
    parser.add_argument("--connections", type=int, nargs="+", default=list(CONNECTIONS))
    parser.add_argument("--output", type=Path, default=PLACE)
    return parser.parse_args(arguments)


def own_environment(folder: Path) -> dict[str, str]:
    """What the benchmark's servers do not share with a service that runs beside them."""
    places = {"HPP_PROFILES_DIR": "profiles", "HPP_API_KEYS": "api-keys.json", "HPP_AUDIT_DIR": "audit"}
    return {"HPP_HOST": HOST, "HPP_WORKERS": str(WORKERS), **{name: str(folder / own) for name, own in places.items()}}


def main() -> None:
    """Measure, print the table and keep the figures."""
    wanted = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended
    with tempfile.TemporaryDirectory(prefix="hpp-bench-") as folder:
        os.environ.update(own_environment(Path(folder)))
        settings = read_settings()
        result = run((wanted.bundle or newest_bundle(settings.models_dir)).resolve(), settings, Path(folder), wanted)
    wanted.output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(wanted.output, encode(result))
    sys.stdout.write(f"{screen(result)}\n\nKept in {wanted.output}\n")


if __name__ == "__main__":
    main()
