"""How long the experiments take, each side in a process of its own: `python -m benchmarks.searches SIDE ROWS …`."""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec
import numpy as np

from benchmarks.nested import COLUMNS, houses, ours
from benchmarks.talk import SEED, carry_out, experiments
from benchmarks.training_results import OURS, SAME_SPACES, TALK, Timing
from benchmarks.watched import each, say
from steps.core.columns import Matrix
from steps.core.estimators import estimator
from steps.core.experiments import Experiment
from steps.core.regressors import regressor
from steps.core.scaling import unscaled
from steps.core.search import Scaled, fit_side_by_side, randomized_search, refitted
from zenml_config.environment import ROOT

SIDES = {"talk": TALK, "ours": OURS, "same": SAME_SPACES}
NOISE = 0.01  # of a column's standard deviation, so that replicated rows are not equal
WIDTH = 10  # the columns that stand in for SHAP's ten: which ones they are does not change the time


def replicated(rows: int) -> tuple[Scaled, Matrix]:
    """So many houses: the 506 again and again, with a little noise from the second time on."""
    X, y = houses()
    times = -(-rows // len(y))
    noise = np.random.default_rng(SEED).normal(scale=NOISE * X.std(axis=0), size=(times * len(y), X.shape[1]))
    noise[: len(y)] = 0
    return (np.tile(X, (times, 1)) + noise).astype(np.float32)[:rows], np.tile(y, times)[:rows]


def wanted(side: str, iterations: int, folds: int) -> list[Experiment]:
    """The experiments of a side, with so many candidates and folds; both sides' searches get the same numbers."""
    chosen = ours() if side == "ours" else experiments(iterations, folds)
    size = {"iterations": iterations, "folds": folds}
    return [
        one.model_copy(update={"search": one.search.model_copy(update=size)}) if one.search else one for one in chosen
    ]


def fit(side: str, experiment: Experiment, X: Scaled, y: Matrix) -> None:
    """The experiment's model, as its side fits it."""
    if side == "talk":
        carry_out(experiment, X, y)
        return
    scaler = unscaled(COLUMNS[-X.shape[1] :])
    if experiment.search is None:
        estimator(experiment.recorded(experiment.parameters.given()), SEED, scaler).fit(X, y).get_booster()
    else:
        search = randomized_search(regressor(experiment.parameters.given(), SEED), experiment.search, SEED, None)
        refitted(experiment, fit_side_by_side(search, X, y), X, y, scaler, SEED)


def _spent() -> float:
    """Processor seconds of this process and of its ended children."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def measure_here(side: str, rows: int, iterations: int, folds: int, names: Sequence[str]) -> list[Timing]:
    """The times of one round in this process."""
    from joblib.externals.loky import get_reusable_executor

    X, y = replicated(rows)
    timings = []
    for one in wanted(side, iterations, folds):
        if names and one.name not in names:
            continue
        own = X if one.features == "all" else np.ascontiguousarray(X[:, -WIDTH:])
        started, before = time.perf_counter(), _spent()
        fit(side, one, own, y)
        seconds = time.perf_counter() - started
        get_reusable_executor().shutdown(wait=True)  # the processor time of processes counts once they have ended
        fits = iterations * folds + 1 if one.search else 1
        timings.append(
            Timing(
                side=SIDES[side],
                experiment=one.name,
                rows=rows,
                fits=fits,
                rounds=1,
                seconds=seconds,
                cpu_seconds=_spent() - before,
            )
        )
    return timings


def alternate(
    sides: Sequence[str], rows: int, iterations: int, folds: int, rounds: int, names: Sequence[str] = ()
) -> list[Timing]:
    """The medians over the rounds; in each round every side has its turn, in a process of its own."""
    seen: dict[tuple[str, str], list[Timing]] = {}
    turns = [(number, side) for number in range(rounds) for side in sides]
    for number, side in each(turns, f"{rows:,} rows", "turns"):
        for timing in _elsewhere(side, rows, iterations, folds, names):
            seen.setdefault((timing.side, timing.experiment), []).append(timing)
        say(f"{rows} rows, round {number + 1} of {rounds}: {SIDES[side]}")
    return [_median(timings) for timings in seen.values()]


def _median(timings: Sequence[Timing]) -> Timing:
    medians = {
        name: round(statistics.median(getattr(one, name) for one in timings), 3) for name in ("seconds", "cpu_seconds")
    }
    return timings[0].model_copy(update={**medians, "rounds": len(timings)})


def _elsewhere(side: str, rows: int, iterations: int, folds: int, names: Sequence[str]) -> list[Timing]:
    environment = dict(os.environ)
    environment.pop("OMP_NUM_THREADS", None)
    if side != "talk":
        environment["OMP_NUM_THREADS"] = "1"  # as zenml_config/local.env has it
    command = [sys.executable, "-m", "benchmarks.searches", side, str(rows), str(iterations), str(folds), *names]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603
    return [Timing.model_validate(one) for one in msgspec.json.decode(done.stdout)]


def main() -> None:
    """Measure one round of one side and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.searches", description=__doc__)
    parser.add_argument("side", choices=SIDES)
    for name in ("rows", "iterations", "folds"):
        parser.add_argument(name, type=int)
    parser.add_argument("names", nargs="*", help="experiments; all by default")
    given = parser.parse_args()
    timings = measure_here(given.side, given.rows, given.iterations, given.folds, given.names)
    sys.stdout.write(msgspec.json.encode([one.model_dump() for one in timings]).decode())


if __name__ == "__main__":
    main()
