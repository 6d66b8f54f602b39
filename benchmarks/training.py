"""The experiments beside the talk's configuration, in time and in nested cross-validated error: `make bench-training`.

`python -m benchmarks.training [--parts speed 50k 500k nested grouped] [--rounds N] [--output FILE]`

Each part renews its own figures in docs/benchmarks/training.json. All of it takes about an
hour on two cores, most of it the nested searches.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, nested, searches
from benchmarks.training_report import markdown
from benchmarks.training_results import PLACE, Nested, Timing, TrainingRun, keep, read
from benchmarks.watched import each, watched
from steps.core.quality import grouped_folds, repeated_folds

HOUSES = 506
OUTER_FOLDS, OUTER_REPEATS, OUTER_SEED = 10, 1, 7
ALL, TWO = ("talk", "ours", "same"), ("talk", "ours")
# Rows, candidates and folds of the first experiment's search on many rows, and whose: bounded, for all sides alike.
MANY = {"50k": (50_000, 4, 3, ALL), "500k": (500_000, 1, 2, TWO)}
PARTS = ("speed", *MANY, "nested", "grouped")
ONE = "all_features_tuned"
LIBRARIES = ("xgboost", "scikit-learn", "catboost", "joblib", "numpy", "distributed")


def speed(wanted: argparse.Namespace) -> list[Timing]:
    """The experiments on the 506 houses."""
    return searches.alternate(ALL, HOUSES, wanted.iterations, wanted.folds, wanted.rounds)


def many(wanted: argparse.Namespace, part: str) -> list[Timing]:
    """The first experiment's search on many rows."""
    rows, iterations, folds, sides = MANY[part]
    return searches.alternate(sides, rows, iterations, folds, wanted.rounds, [ONE])


def nested_part(wanted: argparse.Namespace, grouped: bool) -> Nested:
    """The procedures on the same outer folds."""
    X, y = nested.houses()
    if grouped:
        folds = grouped_folds(nested.towns(X), OUTER_FOLDS, OUTER_REPEATS, OUTER_SEED)
    else:
        folds = repeated_folds(len(y), OUTER_FOLDS, OUTER_REPEATS, OUTER_SEED)
    compared = nested.unsearched() if grouped else nested.compared(wanted.iterations, wanted.inner_folds)
    return Nested(
        folds=OUTER_FOLDS,
        repeats=OUTER_REPEATS,
        seed=OUTER_SEED,
        search=(wanted.iterations, wanted.inner_folds),
        standings=nested.measure(compared, X, y, folds),
    )


def renewed(run: TrainingRun, part: str, wanted: argparse.Namespace) -> TrainingRun:
    """The run with that part measured anew."""
    if part in ("nested", "grouped"):
        return run.model_copy(update={"nested": run.nested | {part: nested_part(wanted, part == "grouped")}})
    rows = MANY[part][0] if part in MANY else HOUSES
    timings = many(wanted, part) if part in MANY else speed(wanted)
    kept = [one for one in run.timings if one.rows != rows]
    return run.model_copy(update={"timings": sorted([*kept, *timings], key=lambda one: one.rows)})


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--inner-folds", type=int, default=5, help="of the nested searches")
    parser.add_argument("--output", type=Path, default=PLACE)
    return parser.parse_args(arguments)


def main() -> None:
    """Measure the parts one by one, keep each, and print the tables."""
    wanted = parse(sys.argv[1:])
    os.environ["OMP_NUM_THREADS"] = "1"
    about = {"date": datetime.now(UTC).date().isoformat(), "machine": machine.describe(LIBRARIES)}
    run = read(wanted.output) if wanted.output.exists() else TrainingRun(date="", machine={})
    with watched():
        for part in each(wanted.parts, "all parts", "parts"):
            run = renewed(run, part, wanted).model_copy(update=about)
            keep(run, wanted.output)
    sys.stdout.write(f"{markdown(run)}\n\nKept in {wanted.output}\n")


if __name__ == "__main__":
    main()
