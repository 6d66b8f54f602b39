"""How often the promotion rule lets a challenger through that is no better, and how often one that is.

`python -m benchmarks.promotion [CASE …]` writes docs/benchmarks/promotion.json; cases that are not named stay there.
Each simulated pair is judged on a random four fifths of the packaged houses, in new folds, by the settings of
zenml_config/training.yaml. The null pairs:

- seeds: one procedure with two seeds.
- noise: one procedure, each side with three columns of random numbers of its own. Both sides are exchangeable, and what
  a column happens to say of the prices it says in all folds: the hard case for tests that take folds as independent.
- best of four: the challenger is the one of four seeds that did best in these very folds, as runs choose.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import yaml
from mlxtend.data import boston_housing_data
from numpy.typing import NDArray
from scipy import stats

from benchmarks.watched import each, watched
from steps.core.columns import Matrix
from steps.core.evaluation import out_of_fold
from steps.core.experiments import Validation
from steps.core.paired import fold_errors, paired_test
from steps.core.promotion import Promotion
from steps.core.quality import corrected_difference
from steps.core.regressors import regressor
from zenml_config.environment import ROOT

PLACE = ROOT / "docs" / "benchmarks" / "promotion.json"
PAIRS = 200
BETTER_PAIRS = 30
SHARE = 0.8
NOISE_COLUMNS = 3
BOOTSTRAPS = 1000
QUICK = {"n_estimators": 30, "learning_rate": 0.25, "max_depth": 3, "subsample": 0.7, "max_bin": 32}
GOOD = {
    "n_estimators": 200,
    "learning_rate": 0.08,
    "max_depth": 4,
    "min_child_weight": 2.0,
    "subsample": 0.7,
    "colsample_bynode": 0.4,
    "max_bin": 64,
}
# What a challenger may be better than: the gains are in the results.
WORSE: dict[str, dict[str, float]] = {"XGBoost's defaults": {}, "the quick settings": dict(QUICK)}

Rows = tuple[NDArray[np.float32], Matrix]
Judge = Callable[[Matrix, Matrix, Matrix, Validation], bool]


class Rate(msgspec.Struct, frozen=True):
    """How often challengers were promoted, with the 95 % interval of Clopper and Pearson."""

    case: str
    test: str
    pairs: int
    promoted: int
    rate: float
    low: float
    high: float
    mean_gain: float


class Results(msgspec.Struct, frozen=True):
    """What a run of the simulation found."""

    date: str
    alpha: float
    margin: float
    folds: int
    repeats: int
    seconds: float
    rates: list[Rate]


def judges(promotion: Promotion) -> dict[str, Judge]:
    """The tests that are compared, by name: whether the challenger is better."""

    def by_houses(truth: Matrix, old: Matrix, new: Matrix, _: Validation) -> bool:
        margins = (promotion.margin, promotion.not_worse_margin)
        return paired_test(truth, old, new, promotion.alpha, *margins).p_better < promotion.alpha

    def corrected(truth: Matrix, old: Matrix, new: Matrix, validation: Validation) -> bool:
        gains = fold_errors(truth, old, validation) - fold_errors(truth, new, validation)
        found = corrected_difference(gains, 1 / (validation.folds - 1), 0.95)
        return found.mean > 0 and found.p_value / 2 < promotion.alpha

    def uncorrected(truth: Matrix, old: Matrix, new: Matrix, validation: Validation) -> bool:
        gains = fold_errors(truth, old, validation) - fold_errors(truth, new, validation)
        return bool(stats.ttest_1samp(gains, promotion.margin, alternative="greater").pvalue < promotion.alpha)

    def bootstrap(truth: Matrix, old: Matrix, new: Matrix, _: Validation) -> bool:
        gains = (np.square(truth - old) - np.square(truth - new)).mean(axis=0)
        drawn = np.random.default_rng(0).integers(len(gains), size=(BOOTSTRAPS, len(gains)))
        return bool((gains[drawn].mean(axis=1) <= 0).mean() < promotion.alpha)

    def smaller(truth: Matrix, old: Matrix, new: Matrix, validation: Validation) -> bool:
        return bool(fold_errors(truth, new, validation).mean() < fold_errors(truth, old, validation).mean())

    return {
        "t-test of the houses, one repeat": by_houses,
        "corrected repeated K-fold t-test": corrected,
        "t-test of the folds, uncorrected": uncorrected,
        "paired bootstrap of the rows": bootstrap,
        "the smaller mean error": smaller,
    }


def pair_of_seeds(rows: Rows, validation: Validation, draw: np.random.Generator) -> tuple[Matrix, Matrix]:
    """One procedure with two seeds."""
    first, second = (int(seed) for seed in draw.integers(1_000_000, size=2))
    return _left_out(QUICK, first, rows, validation), _left_out(QUICK, second, rows, validation)


def pair_with_noise(rows: Rows, validation: Validation, draw: np.random.Generator) -> tuple[Matrix, Matrix]:
    """One procedure, each side with random columns of its own."""
    X, y = rows
    sides = []
    for seed in draw.integers(1_000_000, size=2):
        noise = draw.standard_normal((len(y), NOISE_COLUMNS)).astype(np.float32)
        sides.append(_left_out(QUICK, int(seed), (np.hstack([X, noise]), y), validation))
    return sides[0], sides[1]


def best_of_four(rows: Rows, validation: Validation, draw: np.random.Generator) -> tuple[Matrix, Matrix]:
    """One procedure; the challenger's seed is the best of four in these folds."""
    champion, *others = (_left_out(QUICK, int(seed), rows, validation) for seed in draw.integers(1_000_000, size=5))
    return champion, min(others, key=lambda left_out: float(fold_errors(rows[1], left_out, validation).mean()))


def better_than(worse: dict[str, float]) -> Callable[[Rows, Validation, np.random.Generator], tuple[Matrix, Matrix]]:
    """A challenger that is better, with another seed."""

    def pair(rows: Rows, validation: Validation, draw: np.random.Generator) -> tuple[Matrix, Matrix]:
        first, second = (int(seed) for seed in draw.integers(1_000_000, size=2))
        return _left_out(worse, first, rows, validation), _left_out(GOOD, second, rows, validation)

    return pair


def _left_out(parameters: dict[str, float], seed: int, rows: Rows, validation: Validation) -> Matrix:
    return out_of_fold(regressor(dict(parameters), seed), *rows, validation)


CASES = {
    "null: noise": (pair_with_noise, PAIRS),
    "null: seeds": (pair_of_seeds, PAIRS),
    "null: best of four": (best_of_four, PAIRS),
    **{f"better than {name}": (better_than(worse), BETTER_PAIRS) for name, worse in WORSE.items()},
}


def simulate(case: str, pairs: int, validation: Validation, promotion: Promotion) -> list[Rate]:
    """How often each test lets the challengers of a case through."""
    X, y = boston_housing_data()
    make, counts, gains = CASES[case][0], dict.fromkeys(judges(promotion), 0), []
    for number in each(range(pairs), case, "pairs"):
        draw = np.random.default_rng(number)
        rows = draw.permutation(len(y))[: int(SHARE * len(y))]
        part, folds = (X[rows].astype(np.float32), y[rows]), validation.model_copy(update={"seed": number})
        old, new = make(part, folds, draw)
        gains.append(float((fold_errors(part[1], old, folds) - fold_errors(part[1], new, folds)).mean()))
        for name, judge in judges(promotion).items():
            counts[name] += judge(part[1], old, new, folds)
    return [_rate(case, name, pairs, count, float(np.mean(gains))) for name, count in counts.items()]


def _rate(case: str, test: str, pairs: int, promoted: int, gain: float) -> Rate:
    exact = stats.binomtest(promoted, pairs).proportion_ci(0.95, method="exact")
    low, high = round(float(exact.low), 4), round(float(exact.high), 4)
    return Rate(case, test, pairs, promoted, promoted / pairs, low, high, round(gain, 4))


def main(cases: Sequence[str] = (), place: Path = PLACE) -> None:
    """Simulate the cases, or all, print a line for each and keep what is there after each case."""
    started = time.perf_counter()
    document = yaml.safe_load((ROOT / "zenml_config" / "training.yaml").read_text())["parameters"]
    promotion, validation = Promotion(**document["promotion"]), Validation(**document["validation"])
    settings = (promotion.alpha, promotion.margin, validation.folds, validation.repeats)
    rates = msgspec.json.decode(place.read_bytes(), type=Results).rates if place.exists() and cases else []
    for case in cases or CASES:
        with watched():
            found = simulate(case, CASES[case][1], validation, promotion)
        sys.stdout.write("".join(map(_line, found)))
        sys.stdout.flush()
        rates = [rate for rate in rates if rate.case != case] + found
        results = Results(time.strftime("%Y-%m-%d"), *settings, round(time.perf_counter() - started, 1), rates)
        place.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def _line(rate: Rate) -> str:
    figures = f"{rate.promoted:4d} of {rate.pairs} = {rate.rate:6.1%} [{rate.low:.1%}, {rate.high:.1%}]"
    return f"{rate.case:36}{rate.test:36}{figures}  mean gain {rate.mean_gain:+.3f}\n"


if __name__ == "__main__":
    main(sys.argv[1:])
