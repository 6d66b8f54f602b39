"""How many true prices the intervals hold, over random splits of the 506 houses: `python -m benchmarks.coverage`.

Three ways to a width from the same out-of-fold residuals, all by crepes and cut at the contract's range; `normalized`
is what training uses. Each split fits a model with the parameters that did best in cross-validation, and finds the
residuals in the folds, and with the settings, of zenml_config/training.yaml.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import yaml
from crepes import ConformalRegressor
from mlxtend.data import boston_housing_data
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from benchmarks.watched import each, watched
from serving.pricing.intervals import Intervals
from steps.core.columns import Matrix
from steps.core.evaluation import out_of_fold
from steps.core.experiments import Validation
from steps.core.intervals import TIERS, IntervalSettings, fit_intervals
from steps.core.regressors import regressor
from steps.core.search import Scaled
from zenml_config.environment import ROOT

SPLITS = 50
TEST_SHARE = 0.2
SPAN = (1.0, 50.0)  # the contract's range of MEDV, in 1000 USD
PARAMETERS = {
    "n_estimators": 200,
    "learning_rate": 0.08,
    "max_depth": 4,
    "min_child_weight": 2,
    "subsample": 0.7,
    "colsample_bynode": 0.4,
    "max_bin": 64,
}

# Lower and upper ends, (n, 2), around new predictions, from true prices and (n_repeats, n) out-of-fold predictions.
Ends = Callable[[Matrix], Matrix]
Method = Callable[[Matrix, Matrix, IntervalSettings], Ends]


def constant(truth: Matrix, left_out: Matrix, settings: IntervalSettings) -> Ends:
    """One width for all prices."""
    fitted = ConformalRegressor().fit((truth - left_out).ravel())

    def around(predicted: Matrix) -> Matrix:
        ends: Matrix = fitted.predict_int(predicted, confidence=settings.coverage, y_min=SPAN[0], y_max=SPAN[1])
        return ends

    return around


def by_tier(tiers: int) -> Method:
    """A width for each tier of predicted prices (Mondrian)."""

    def fit(truth: Matrix, left_out: Matrix, settings: IntervalSettings) -> Ends:
        edges = _edges(left_out, tiers)
        bins = np.searchsorted(edges, left_out.ravel(), side="right")
        fitted = ConformalRegressor().fit((truth - left_out).ravel(), bins=bins)

        def around(predicted: Matrix) -> Matrix:
            ends: Matrix = fitted.predict_int(
                predicted,
                bins=np.searchsorted(edges, predicted, side="right"),
                confidence=settings.coverage,
                y_min=SPAN[0],
                y_max=SPAN[1],
            )
            return ends

        return around

    return fit


def normalized(truth: Matrix, left_out: Matrix, settings: IntervalSettings) -> Ends:
    """A width that follows the mean residual at the predicted price, as the service computes it."""
    intervals = Intervals(fit_intervals(truth, left_out, settings, SPAN).as_bundled())
    return lambda predicted: np.column_stack(intervals.around(predicted))


METHODS: dict[str, Method] = {
    "constant": constant,
    "Mondrian, 3 tiers": by_tier(3),
    "Mondrian, 5 tiers": by_tier(5),
    "normalized": normalized,
}


def main() -> None:
    """Measure all splits and print a line for each method."""
    started, cpu = time.perf_counter(), time.process_time()
    document = yaml.safe_load((ROOT / "zenml_config" / "training.yaml").read_text())["parameters"]
    settings, validation = IntervalSettings(**document["intervals"]), Validation(**document["validation"])
    X, y = boston_housing_data()
    rounds: dict[str, list[Matrix]] = {name: [] for name in METHODS}
    with watched():
        for seed in each(range(SPLITS), "coverage", "splits"):
            for name, figures in measure(X.astype(np.float32), y, seed, settings, validation).items():
                rounds[name].append(figures)
    lines = [
        f"{SPLITS} random splits {1 - TEST_SHARE:.0%}/{TEST_SHARE:.0%} of {len(y)} houses; wanted: "
        f"{settings.coverage:.0%}. Tiers by predicted price, in thirds. Widths in 1000 USD.",
        f"{'':18}{'coverage ± sd':>16}{'width':>7}{'coverage by tier':>21}{'width by tier':>21}{'MEDV = 50':>11}",
        *(_line(name, np.array(figures)) for name, figures in rounds.items()),
        f"{time.perf_counter() - started:.0f} s, {time.process_time() - cpu:.0f} s of CPU",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def measure(X: Scaled, y: Matrix, seed: int, settings: IntervalSettings, validation: Validation) -> dict[str, Matrix]:
    """What each method reaches on the test rows of one split, see `_figures`."""
    train, test = train_test_split(np.arange(len(y)), test_size=TEST_SHARE, random_state=seed)
    estimator = regressor(PARAMETERS, validation.model_seed)
    left_out = out_of_fold(estimator, X[train], y[train], validation)
    predicted: Matrix = estimator.fit(X[train], y[train]).predict(X[test]).astype(np.float64)
    tiers = np.searchsorted(_edges(left_out, TIERS), predicted, side="right")
    groups = [np.ones(len(test), dtype=bool), *(tiers == tier for tier in range(TIERS)), y[test] >= SPAN[1]]
    return {
        name: _figures(y[test], method(y[train], left_out, settings)(predicted), groups)
        for name, method in METHODS.items()
    }


def _edges(left_out: Matrix, tiers: int) -> Matrix:
    return np.quantile(left_out, np.arange(1, tiers) / tiers).astype(np.float64)


def _figures(truth: Matrix, ends: Matrix, groups: list[NDArray[np.bool_]]) -> Matrix:
    """(n_groups, 3): rows, rows that are held, and summed widths, of all, of each tier and of the capped homes."""
    held, width = (ends[:, 0] <= truth) & (truth <= ends[:, 1]), ends[:, 1] - ends[:, 0]
    return np.array([(rows.sum(), held[rows].sum(), width[rows].sum()) for rows in groups])


def _line(name: str, figures: Matrix) -> str:
    rows, held, widths = figures.sum(axis=0).T
    coverage, width = held / rows, widths / rows
    spread = (figures[:, 0, 1] / figures[:, 0, 0]).std(ddof=1)
    tiers = "".join(f"{share:7.1%}" for share in coverage[1:-1])
    by_third = "".join(f"{value:7.2f}" for value in width[1:-1])
    return f"{name:18}{coverage[0]:9.1%} ± {spread:4.1%}{width[0]:7.2f}{tiers}{by_third}{coverage[-1]:11.1%}"


if __name__ == "__main__":
    main()
