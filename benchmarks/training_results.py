"""The figures of the training benchmark as they are kept in `docs/benchmarks/training.json`."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from serving.files import write_atomically
from steps.core.quality import Standing

PLACE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "training.json"
TALK, OURS, SAME_SPACES = "the talk's configuration", "this platform", "this platform, the talk's spaces"


class Timing(BaseModel):
    """How long one experiment took on one side.

    Attributes:
        side: whose configuration.
        rows: houses.
        fits: of the search, its last one included.
        seconds, cpu_seconds: medians over the rounds; processor time of all processes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    side: str
    experiment: str
    rows: int
    fits: int
    rounds: int
    seconds: float
    cpu_seconds: float


class Nested(BaseModel):
    """Procedures on the same outer folds; the first standing is the one that the others are held against.

    Attributes:
        search: candidates and inner folds of each search.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folds: int
    repeats: int
    seed: int
    search: tuple[int, int]
    standings: list[Standing]


class TrainingRun(BaseModel):
    """What was measured, part by part.

    Attributes:
        machine: as of the last part.
        timings: of 506 houses and of many, alternating.
        nested: by kind of folds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str
    machine: dict[str, str]
    timings: list[Timing] = []
    nested: dict[str, Nested] = {}


def read(path: Path = PLACE) -> TrainingRun:
    """The run that was kept.

    Raises:
        SystemExit: there is none.
    """
    try:
        return TrainingRun.model_validate_json(path.read_bytes())
    except FileNotFoundError as err:
        raise SystemExit(f"{path} is not there: run `make bench-training` first.") from err


def keep(run: TrainingRun, path: Path = PLACE) -> None:
    """Write the run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, run.model_dump_json(indent=1).encode() + b"\n")
