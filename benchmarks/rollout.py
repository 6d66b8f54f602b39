"""How soon a bad challenger is rolled back, how often a good one is, and how many true prices a promotion takes.

`python -m benchmarks.rollout [GROUP …] [--document FILE]` writes docs/benchmarks/rollout.json and, with a document, the
table in it; groups that are not named stay there. Each run trains models on a random three fifths of the packaged
houses; the other houses are the traffic, in random order, each once, and the rules of zenml_config/rollout.yaml are
asked after every one of them.

Bad challengers are judged before any true price comes; good ones with the true price of every house at once, so that
all tests have their chance to be wrong. Promotions are judged on out-of-fold predictions of all houses.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mlxtend.data import boston_housing_data
from numpy.typing import NDArray

from benchmarks.document import renew
from benchmarks.machine import describe
from benchmarks.promotion import GOOD, QUICK
from benchmarks.rollout_results import NAME, PLACE, Case, Results, encode, markdown, read, screen, summary, with_group
from serving.pricing.intervals import Intervals
from serving.rollout import read_rules
from serving.rollouts.rules import Judge, Rules
from steps.core.columns import Matrix
from steps.core.evaluation import out_of_fold
from steps.core.experiments import Validation
from steps.core.intervals import IntervalSettings, fit_intervals
from steps.core.regressors import regressor
from zenml_config.environment import ROOT

RUNS = {"bad": 100, "good": 300, "better": 40}
SHARE = 0.6
SPAN = (1.0, 50.0)
FOLDS = 3  # of the intervals, and of the better challengers
INTERVALS = IntervalSettings(coverage=0.9, groups=8)
# The bagged experiment's parameters with one seed and half the trees: hundreds of fits.
SERVED = {**GOOD, "n_estimators": 100, "learning_rate": 0.12}
RM, LSTAT = 5, 12  # columns of the packaged data
Parameters = dict[str, Any]


class World(NamedTuple):
    """One run: what the models learn from, and the houses that come as traffic."""

    X: NDArray[np.float32]
    y: Matrix
    houses: NDArray[np.float32]
    truths: Matrix
    draw: np.random.Generator

    def seed(self) -> int:
        """A new one."""
        return int(self.draw.integers(1_000_000))


class Champion(NamedTuple):
    """What is served: its prices of the traffic, and the half-widths around them."""

    prices: Matrix
    half_widths: Matrix


Challenger = Callable[[World], Matrix]


def world(number: int) -> World:
    """The run of that number."""
    X, y = boston_housing_data()
    draw = np.random.default_rng(number)
    order, size = draw.permutation(len(y)), int(SHARE * len(y))
    X = X.astype(np.float32)
    known, traffic = order[:size], order[size:]
    return World(X[known], y[known], X[traffic], y[traffic], draw)


def champion(it: World, parameters: Parameters) -> Champion:
    """A model of these parameters, with the intervals that training would give it."""
    seed = it.seed()
    estimator = regressor(dict(parameters), seed)
    left_out = out_of_fold(estimator, it.X, it.y, Validation(folds=FOLDS, repeats=1, seed=seed, model_seed=seed))
    intervals = Intervals(fit_intervals(it.y, left_out, INTERVALS, SPAN).as_bundled())
    prices = estimator.fit(it.X, it.y).predict(it.houses)
    low, high = intervals.around(prices)
    return Champion(prices.astype(np.float64), np.maximum(prices - low, high - prices))


def learned(it: World, y: Matrix | None = None, parameters: Parameters = SERVED) -> Matrix:
    """The prices of a model with another seed that learned these prices."""
    model = regressor(dict(parameters), it.seed()).fit(it.X, it.y if y is None else y)
    return np.asarray(model.predict(it.houses), dtype=np.float64)


def _served_with(change: Callable[[NDArray[np.float32]], None]) -> Challenger:
    """A rightly trained model that is given wrong features."""

    def challenger(it: World) -> Matrix:
        wrong = it.houses.copy()
        change(wrong)
        return learned(it._replace(houses=wrong))

    return challenger


def _swap(houses: NDArray[np.float32]) -> None:
    houses[:, [RM, LSTAT]] = houses[:, [LSTAT, RM]]


def _negate(houses: NDArray[np.float32]) -> None:
    houses[:, LSTAT] *= -1


def _as_share(houses: NDArray[np.float32]) -> None:
    houses[:, LSTAT] /= 100


def _bootstrap(it: World) -> Matrix:
    rows = it.draw.integers(len(it.y), size=len(it.y))
    return learned(it._replace(X=it.X[rows], y=it.y[rows]))


BAD: dict[str, Challenger] = {
    "prices of other houses (shuffled)": lambda it: learned(it, it.draw.permutation(it.y)),
    "prices in dollars, not thousands": lambda it: learned(it, it.y * 1000),
    "prices a third too high": lambda it: learned(it, it.y * 4 / 3),
    "LSTAT with the wrong sign": _served_with(_negate),
    "LSTAT as a share, not per cent": _served_with(_as_share),
    "RM and LSTAT swapped": _served_with(_swap),
}
CHAMPIONS: dict[str, Parameters] = {"as good": SERVED, "worse": {}}
GOOD_ONES: dict[str, tuple[str, Challenger]] = {
    "equal: another seed": ("as good", learned),
    "nearly equal: trained on a bootstrap of the rows": ("as good", _bootstrap),
    "better: than XGBoost's defaults": ("worse", learned),
}
BETTER: dict[str, Parameters] = {"than XGBoost's defaults": {}, "than the quick settings": QUICK}


def decided(rules: Rules, pairs: Iterator[tuple[float, float, float, float | None]]) -> tuple[str, str, int]:
    """The first verdict that is not to go on, its test, and after how many houses; "go on" if there is none.

    Args:
        pairs: the champion's price, the challenger's, the half-width, and the true price where it is known.
    """
    judge, count = Judge(rules), 0
    for ours, theirs, half_width, truth in pairs:
        count += 1
        judge.request("", 0.1, 0.1)
        judge.house(ours, theirs, half_width)
        if truth is not None:
            judge.truth(truth, ours, theirs)
        verdict = judge.verdict()
        if verdict.action != "go on":
            return verdict.action, verdict.test, count
    return "go on", "", count


def bad_cases(runs: int, rules: Rules) -> list[Case]:
    """Each bad challenger: how often and how soon it is rolled back before any true price."""
    found: dict[str, list[tuple[str, str, int]]] = {name: [] for name in BAD}
    for number in range(runs):
        it = world(number)
        served = champion(it, SERVED)
        for name, make in BAD.items():
            pairs = zip(served.prices, make(it), served.half_widths, [None] * len(it.truths), strict=True)
            found[name].append(decided(rules, pairs))
    return [summary("bad", name, outcomes, "roll back") for name, outcomes in found.items()]


def good_cases(runs: int, rules: Rules) -> list[Case]:
    """Each good challenger: how often it is rolled back all the same, though true prices come and all tests look."""
    found: dict[str, list[tuple[str, str, int]]] = {name: [] for name in GOOD_ONES}
    for number in range(runs):
        it = world(10_000 + number)
        champions = {kind: champion(it, parameters) for kind, parameters in CHAMPIONS.items()}
        for name, (kind, make) in GOOD_ONES.items():
            served = champions[kind]
            pairs = zip(served.prices, make(it), served.half_widths, it.truths, strict=True)
            found[name].append(decided(rules, pairs))
    return [summary("good", name, outcomes, "roll back") for name, outcomes in found.items()]


def better_cases(runs: int, rules: Rules) -> list[Case]:
    """Each better challenger: how often, and after how many true prices, it is promoted."""
    X, y = boston_housing_data()
    cases = []
    for name, worse in BETTER.items():
        outcomes = []
        for number in range(runs):
            folds = Validation(folds=FOLDS, repeats=1, seed=number, model_seed=number)
            old, new = (
                out_of_fold(regressor(dict(each), number), X.astype(np.float32), y, folds)[0]
                for each in (worse, SERVED)
            )
            order = np.random.default_rng(number).permutation(len(y))
            wide = np.full(len(y), np.inf)
            outcomes.append(decided(rules, zip(old[order], new[order], wide, y[order], strict=True)))
        cases.append(summary("better", name, outcomes, "promote"))
    return cases


GROUPS = {"bad": bad_cases, "good": good_cases, "better": better_cases}


def main(arguments: list[str] | None = None) -> None:
    """Simulate, print the table and keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollout", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--runs", type=int, help="of each case, for a quick look")
    parser.add_argument("--output", type=Path, default=PLACE)
    parser.add_argument("--document", type=Path, help="the document whose table is to be renewed")
    asked = parser.parse_args(arguments)
    rules, machine = read_rules(ROOT / "zenml_config" / "rollout.yaml"), describe(("xgboost", "numpy"))
    cases = read(asked.output).cases if asked.groups and asked.output.exists() else []
    for group in asked.groups or GROUPS:
        cases = with_group(cases, GROUPS[group](asked.runs or RUNS[group], rules))
        results = Results(date=time.strftime("%Y-%m-%d"), machine=machine, rules=rules, cases=cases)
        asked.output.write_bytes(encode(results))
        sys.stdout.write(screen(results))
    if asked.document:
        renew(asked.document, NAME, markdown(read(asked.output)))


if __name__ == "__main__":
    main()
