"""Models by segment beside the model of all houses, by segment: `python -m benchmarks.segments [SEEDS [REPEATS]]`.

Writes docs/benchmarks/segments.json and its table in docs/training.md. The settings are those of the last
experiment of training.yaml with so many seeds averaged (1), on repeated five-fold (2) of all houses; the rows that
train say which segments are too small.
"""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from benchmarks.document import renew
from benchmarks.machine import describe
from benchmarks.nested import COLUMNS, SEED, houses, ours
from serving.files import write_atomically
from steps.core.columns import Matrix
from steps.core.estimators import estimator
from steps.core.evaluation import out_of_fold
from steps.core.experiments import Bagging, Experiment, Segments, Validation
from steps.core.scaling import unscaled
from steps.core.segment_report import SegmentStanding, by_segment, labels, numbers
from zenml_config.environment import ROOT

PLACE = ROOT / "docs" / "benchmarks" / "segments.json"
DOCUMENT, SECTION = ROOT / "docs" / "training.md", "segments"
FOLDS = Validation(folds=5, repeats=2, seed=11, model_seed=SEED)
CONFIDENCE = 0.95
# Of 506 houses: 44 with RAD 1 or 2, 38 with 3, 110 with 4, 115 with 5, 67 with 6 to 8, 132 with 24.
ZONES = [3.0, 4.0, 5.0, 6.0, 16.0]
NO_MINIMUM = 1


class Case(BaseModel):
    """The error of one setting in every zone, and of all houses (`all`), beside the model of all houses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segments: Segments
    standings: list[SegmentStanding]


class SegmentRun(BaseModel):
    """What was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str
    machine: dict[str, str]
    seeds: int
    validation: Validation
    confidence: float
    cases: list[Case]


def settings() -> list[Segments]:
    """The cuts, the pooling and the minimum of each case: training.yaml's first."""
    (configured,) = (one.segments for one in ours() if one.segments)
    others = [(ZONES, 0.0, 60), (ZONES, 0.1, 60), (ZONES, 0.0, NO_MINIMUM)]
    return [
        configured,
        *(Segments(column="RAD", cuts=cuts, pooling=weight, minimum_houses=least) for cuts, weight, least in others),
    ]


def measure(wanted: Sequence[Segments], seeds: int, folds: Validation) -> list[Case]:
    """The cases on the same folds."""
    X, y = houses()
    bagging = Bagging(seeds=seeds) if seeds > 1 else None
    base = next(one for one in ours() if one.segments).model_copy(update={"segments": None, "bagging": bagging})

    def predicted(experiment: Experiment) -> Matrix:
        started = time.perf_counter()
        model = estimator(experiment.recorded(experiment.parameters.given()), SEED, unscaled(COLUMNS))
        found = out_of_fold(model, X, y, folds)
        sys.stderr.write(f"{experiment.segments or 'all houses'}: {time.perf_counter() - started:.0f} s\n")
        return found

    reference = predicted(base)
    zones = numbers(X[:, COLUMNS.index("RAD")].astype("float64"), ZONES)
    names = labels("RAD", ZONES)
    cases = []
    for segments in wanted:
        left_out = predicted(base.model_copy(update={"segments": segments}))
        shared = (y, left_out, reference, folds, CONFIDENCE)
        whole = by_segment(["all"], zones * 0, *shared)
        cases.append(Case(segments=segments, standings=[*whole, *by_segment(names, zones, *shared)]))
    return cases


def markdown(cases: Sequence[Case]) -> str:
    """A line for each setting, a column for each zone: the RMSE and its difference from the model of all houses."""
    first = cases[0].standings
    lines = [
        ["cuts of RAD", "pooling", "minimum", *(f"{one.segment} (n {one.houses})" for one in first)],
        ["---", "--:", "--:", *("--:" for _ in first)],
        ["none: all houses", "", "", *(f"{one.reference_rmse:.3f}" for one in first)],
    ]
    for case in cases:
        cuts = ", ".join(f"{cut:g}" for cut in case.segments.cuts)
        least = case.segments.minimum_houses
        lines.append(
            [
                cuts,
                f"{case.segments.pooling:g}",
                f"{least}" if least > NO_MINIMUM else "none",
                *map(_cell, case.standings),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(one: SegmentStanding) -> str:
    if one.difference is None:
        return f"{one.rmse:.3f}"
    if one.difference.low == one.difference.high == 0:
        return "the same"
    return f"{one.rmse:.3f}: {one.difference.mean:+.2f} ({one.difference.low:+.2f} to {one.difference.high:+.2f})"


def main() -> None:
    """Measure, keep, print."""
    seeds, repeats = (*map(int, sys.argv[1:3]), *(1, FOLDS.repeats)[len(sys.argv[1:3]) :])
    folds = FOLDS.model_copy(update={"repeats": repeats})
    machine = describe(("xgboost", "numpy", "scikit-learn"))
    run = SegmentRun(
        date=datetime.now(UTC).date().isoformat(),
        machine=machine,
        seeds=seeds,
        validation=folds,
        confidence=CONFIDENCE,
        cases=measure(settings(), seeds, folds),
    )
    write_atomically(PLACE, run.model_dump_json(indent=1).encode() + b"\n")
    renew(DOCUMENT, SECTION, markdown(run.cases))
    sys.stdout.write(markdown(run.cases) + "\n")


if __name__ == "__main__":
    main()
