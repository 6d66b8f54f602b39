"""How good the model is for cheap and for dear homes: the out-of-fold predictions by tier of the true price."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from serving.pricing.intervals import Intervals
from steps.core.columns import Matrix
from steps.core.intervals import TIERS, FittedIntervals


class PriceTier(BaseModel):
    """The homes of a tier.

    Attributes:
        name: "cheapest third" and so on, or "at the cap".
        low, high: the true prices of the cheapest and the dearest of them.
        rmse: in the target's unit.
        bias: the mean of predicted less true price: below 0, the model is too low.
        coverage: share of the true prices that the intervals hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    homes: int
    low: float
    high: float
    rmse: float
    bias: float
    coverage: float


def price_tiers(truth: Matrix, left_out: Matrix, intervals: FittedIntervals) -> list[PriceTier]:
    """The thirds of the homes by true price, then those at the contract's highest price, if there are any.

    Homes of one price are in one tier, so that the thirds may differ in size; an empty one is left out.

    Args:
        truth: (n,) prices.
        left_out: (n_repeats, n) out-of-fold predictions.
    """
    groups = tier_rows(truth, np.quantile(truth, np.arange(1, TIERS) / TIERS).tolist(), intervals.maximum)
    return [_tier(name, truth[at], left_out[:, at], intervals) for name, at in groups.items()]


def tier_rows(truth: Matrix, edges: Sequence[float], maximum: float) -> dict[str, NDArray[np.bool_]]:
    """Which rows are in each tier that has any, by its name.

    Args:
        edges: the true prices that part the thirds.
        maximum: the contract's highest price.
    """
    names, ends = ("cheapest third", "middle third", "dearest third"), [-np.inf, *edges, np.inf]
    groups = {name: (truth > low) & (truth <= high) for name, (low, high) in zip(names, pairwise(ends), strict=True)}
    groups["at the cap"] = truth >= maximum
    return {name: rows for name, rows in groups.items() if rows.any()}


def _tier(name: str, truth: Matrix, left_out: Matrix, intervals: FittedIntervals) -> PriceTier:
    errors = left_out - truth
    low, high = (end.reshape(left_out.shape) for end in Intervals(intervals.as_bundled()).around(left_out.ravel()))
    return PriceTier(
        name=name,
        homes=len(truth),
        low=float(truth.min()),
        high=float(truth.max()),
        rmse=float(np.sqrt((errors**2).mean())),
        bias=float(errors.mean()),
        coverage=float(((low <= truth) & (truth <= high)).mean()),
    )
