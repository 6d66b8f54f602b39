"""The figures of the feature store's benchmark, as `docs/benchmarks/features.json` keeps them, and their ratios.

Each part of the benchmark (the offline join, materialization, look-ups) measures subjects beside a limit: the same work
done straight on the storage. A part that is run again replaces its own figures and leaves those of the others.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec

PLACE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "features.json"


class Figure(msgspec.Struct, frozen=True):
    """What one subject took for one task at one size; medians over the rounds. A measure that was not taken is None.

    Attributes:
        part: of the benchmark: "offline join", "materialization", "look-up".
        subject: what was measured, as the table calls it.
        limit: the subject that it is compared with; its own name for the limit itself.
        houses: in the store.
        rows: that were asked for or written in one go.
        seconds: from the question to the answer in memory.
        cpu_seconds: of all the processes that took part.
        peak_mb: the greatest resident memory of the process, in MB of 10^6 bytes.
        base_mb: of which were there before the work: the interpreter, the libraries and the question.
        p50_us, p99_us: of single calls, in microseconds.
        note: why a measure is missing, or what to bear in mind.
    """

    part: str
    subject: str
    limit: str
    houses: int
    rows: int
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_mb: float | None = None
    base_mb: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None
    note: str = ""


MEASURED = ("seconds", "cpu_seconds", "peak_mb", "base_mb", "p50_us", "p99_us")


class Part(msgspec.Struct, frozen=True):
    """One run of one part, with its conditions."""

    name: str
    date: str
    rounds: int
    machine: dict[str, str]
    figures: list[Figure]

    def limit_of(self, one: Figure) -> Figure | None:
        """What the figure is compared with, if that was measured at this size."""
        wanted = (one.limit, one.houses, one.rows)
        return next((other for other in self.figures if (other.subject, other.houses, other.rows) == wanted), None)


def ratio(value: float | None, limit: float | None) -> float | None:
    """How many times the limit; None where one of them was not measured."""
    return value / limit if value is not None and limit else None


def median(rounds: Sequence[Figure]) -> Figure:
    """The median of each measure over the rounds of one subject at one size."""
    medians = {}
    for name in MEASURED:
        values = [value for one in rounds if (value := getattr(one, name)) is not None]
        medians[name] = round(statistics.median(values), 4) if values else None
    return msgspec.structs.replace(rounds[0], **medians)


def read(path: Path = PLACE) -> list[Part]:
    """The parts that were kept; none if there is no file."""
    return msgspec.json.decode(path.read_bytes(), type=list[Part]) if path.exists() else []


def with_part(kept: Sequence[Part], new: Part) -> list[Part]:
    """The parts with the new one in the place of the one of its name."""
    names = [part.name for part in kept]
    if new.name not in names:
        return [*kept, new]
    return [new if part.name == new.name else part for part in kept]


def encode(parts: Sequence[Part]) -> bytes:
    """The parts as they are kept."""
    return msgspec.json.format(msgspec.json.encode(list(parts)), indent=1) + b"\n"
