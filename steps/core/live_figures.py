"""Figures of quality from predictions with true prices, each with a confidence interval."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from steps.core.columns import Matrix
from steps.core.live_error import Figure

ERROR, OUTSIDE, TRUTH, HOUSE = "error", "outside", "truth", "house"
# Each from sums over the rows: their number, and of error, |error|, error², truth, truth².
Sums = NDArray[np.float64]
COUNT, SIGNED, ABSOLUTE, SQUARED, TRUTHS, TRUTHS_SQUARED = range(6)


def bias(sums: Sums) -> Matrix:
    """The mean error: predicted less true."""
    return np.asarray(sums[..., SIGNED] / sums[..., COUNT])


def mae(sums: Sums) -> Matrix:
    """The mean absolute error."""
    return np.asarray(sums[..., ABSOLUTE] / sums[..., COUNT])


def rmse(sums: Sums) -> Matrix:
    """The root of the mean squared error."""
    return np.asarray(np.sqrt(sums[..., SQUARED] / sums[..., COUNT]))


def r2(sums: Sums) -> Matrix:
    """The share of the true prices' variance that is explained; NaN where they have none."""
    spread = sums[..., TRUTHS_SQUARED] - sums[..., TRUTHS] ** 2 / sums[..., COUNT]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(spread > 1e-9, 1 - sums[..., SQUARED] / spread, np.nan))


FIGURES: dict[str, Callable[[Sums], Matrix]] = {"rmse": rmse, "mae": mae, "bias": bias, "r2": r2}


def bootstrapped(rows: pd.DataFrame, confidence: float, resamples: int, seed: int) -> dict[str, Figure | None]:
    """Each figure with a percentile interval from resamples of whole houses (Efron and Tibshirani 1993, chapter 13).

    A house's rows have their errors in common, so that drawing rows would find too narrow an interval (Field and Welsh
    2007, "Bootstrapping clustered data", JRSS-B 69(3)). With fewer than ten houses it is too narrow all the same.

    Args:
        rows: `error`, `truth` and `house`.
    """
    sums = _sums_by_house(rows)
    if len(sums) < 2:  # one house tells nothing of others
        return dict.fromkeys(FIGURES)
    draw, evenly = np.random.default_rng(seed), np.full(len(sums), 1 / len(sums))
    drawn = np.array([draw.multinomial(len(sums), evenly) @ sums for _ in range(resamples)])
    ends = ((1 - confidence) / 2, (1 + confidence) / 2)
    return {name: _figure(float(of(sums.sum(axis=0))), of(drawn), ends) for name, of in FIGURES.items()}


def coverage(outside: Matrix, confidence: float) -> Figure | None:
    """The share of true prices inside, exactly by Clopper and Pearson 1934; None: no row has an interval.

    Args:
        outside: 1, 0 or NaN of each house.
    """
    known = outside[np.isfinite(outside)]
    if not len(known):
        return None
    inside = len(known) - int(known.sum())
    ends = stats.binomtest(inside, len(known)).proportion_ci(confidence, method="exact")
    return Figure(value=inside / len(known), low=float(ends.low), high=float(ends.high))


def _sums_by_house(rows: pd.DataFrame) -> Sums:
    error, truth = rows[ERROR].to_numpy("float64"), rows[TRUTH].to_numpy("float64")
    each = np.column_stack([np.ones(len(rows)), error, np.abs(error), error**2, truth, truth**2])
    place, known = pd.factorize(rows[HOUSE])
    sums = np.zeros((len(known), each.shape[1]))
    np.add.at(sums, place, each)
    return sums


def _figure(value: float, drawn: Matrix, ends: tuple[float, float]) -> Figure | None:
    seen = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(seen):
        return None
    low, high = np.quantile(seen, ends).tolist()
    return Figure(value=value, low=low, high=high)
