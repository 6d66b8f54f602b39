"""The figures of a run as they are kept in `docs/benchmarks/serving.json`, and the ratios in them."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec

PLACE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "serving.json"
SERVICE, FASTAPI, SELDON, STATIC = "this service", "FastAPI", "stock Seldon", "static JSON"


class Figures(msgspec.Struct, frozen=True):
    """Medians over the rounds, for one kind of request to one target.

    Attributes:
        cpu_us: processor time of all the target's processes for one request, microseconds.
        rows: houses in a request.
    """

    target: str
    request: str
    rows: int
    connections: int
    requests_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_us: float


class Footprint(msgspec.Struct, frozen=True):
    """What a target takes beside processor time: memory after the load as PSS, shared pages shared out."""

    target: str
    worker_mb: float
    all_processes_mb: float
    cold_start_s: float


class Run(msgspec.Struct, frozen=True):
    """One run of the benchmark."""

    date: str
    workers: int
    rounds: int
    seconds: int
    machine: dict[str, str]
    figures: list[Figures]
    footprints: list[Footprint]

    def find(self, target: str, rows: int, connections: int) -> Figures:
        """The figures of a target for requests of so many raw rows."""
        return next(
            one
            for one in self.figures
            if (one.target, one.rows, one.connections) == (target, rows, connections) and one.request != "house id"
        )

    def fastapi_for(self, one: Figures) -> Figures:
        """What FastAPI does for as many rows; a house id counts as a row, since FastAPI has no look-up."""
        return self.find(FASTAPI, 1 if one.target == STATIC else one.rows, one.connections)

    def static_for(self, one: Figures) -> Figures:
        """What the static answer takes."""
        return self.find(STATIC, 1, one.connections)


def median(rounds: Sequence[Figures]) -> Figures:
    """The median of each figure over the rounds of one kind of request."""
    measured = ("requests_per_s", "p50_ms", "p95_ms", "p99_ms", "cpu_us")
    medians = {name: round(statistics.median(getattr(one, name) for one in rounds), 3) for name in measured}
    return msgspec.structs.replace(rounds[0], **medians)


def read(path: Path = PLACE) -> Run:
    """The run that was kept.

    Raises:
        SystemExit: there is none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Run)
    except FileNotFoundError as err:
        raise SystemExit(f"{path} is not there: run `make bench` first.") from err


def encode(run: Run) -> bytes:
    """The run as it is kept."""
    return msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n"
