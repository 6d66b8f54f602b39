"""Prediction intervals: how wide they must be, and how many true prices they hold."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from serving.bundle import digest
from serving.pricing.intervals import Intervals, IntervalTable
from steps.core.columns import Matrix
from steps.core.errors import DataError

METHOD = "conformal, pooled out-of-fold residuals, normalized by their mean size around the predicted price (crepes)"
TIERS = 3


class IntervalSettings(BaseModel):
    """What the intervals are to be.

    Attributes:
        coverage: the share of true prices that they are to hold.
        groups: the mean residual is taken in so many groups of equal size, by predicted price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    coverage: float = Field(gt=0.5, lt=1)
    groups: int = Field(ge=1)


class FittedIntervals(BaseModel):
    """The table that the bundle takes, and what is known of it.

    Attributes:
        prices, half_widths, residuals, houses, minimum, maximum: as in `serving.pricing.intervals.IntervalTable`.
        tier_edges: the predicted prices that part the tiers: each tier has as many out-of-fold predictions.
        metrics: `interval_coverage` is what was asked for, `tier_edge_1` and so on the edges; the rest is of
            `coverage_metrics`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage: float
    minimum: float
    maximum: float
    prices: tuple[float, ...]
    half_widths: tuple[float, ...]
    residuals: int
    houses: int
    tier_edges: tuple[float, ...]
    metrics: dict[str, float]

    def as_bundled(self) -> bytes:
        """The table as the bundle's file."""
        fields = self.model_dump(include=set(IntervalTable.__struct_fields__))
        return msgspec.json.format(msgspec.json.encode(IntervalTable(method=METHOD, **fields)), indent=2)

    @property
    def digest(self) -> str:
        """The SHA-256 of the bundle's file."""
        return digest(self.as_bundled())


def fit_intervals(
    truth: Matrix, predicted: Matrix, settings: IntervalSettings, span: tuple[float, float]
) -> FittedIntervals:
    """The narrowest table that holds the wanted share of the out-of-fold residuals.

    Args:
        truth: (n_houses,) prices.
        predicted: (n_repeats, n_houses) out-of-fold predictions.
        span: the contract's range of the price.

    Raises:
        DataError: there are too few houses for the coverage or the groups.
    """
    from crepes import ConformalRegressor

    _check_size(len(truth), settings)
    flat, residuals = predicted.ravel(), (truth - predicted).ravel()
    knots, spread = local_spread(flat, np.abs(residuals), settings.groups)
    regressor = ConformalRegressor().fit(residuals, sigmas=np.interp(flat, knots, spread))
    around_zero = regressor.predict_int(np.zeros(len(knots)), sigmas=spread, confidence=settings.coverage)
    edges = np.quantile(flat, np.arange(1, TIERS) / TIERS).tolist()
    return FittedIntervals(
        coverage=settings.coverage,
        minimum=span[0],
        maximum=span[1],
        prices=tuple(knots.tolist()),
        half_widths=tuple(around_zero[:, 1].tolist()),
        residuals=residuals.size,
        houses=len(truth),
        tier_edges=tuple(edges),
        metrics={"interval_coverage": settings.coverage} | {f"tier_edge_{i + 1}": edges[i] for i in range(TIERS - 1)},
    )


def local_spread(predicted: Matrix, absolute: Matrix, groups: int) -> tuple[Matrix, Matrix]:
    """The median predicted price of each group, ascending, and the group's mean absolute residual.

    Groups whose medians are equal become one.
    """
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, groups)
    knots, place = np.unique([np.median(predicted[part]) for part in parts], return_inverse=True)
    means = np.array([absolute[part].mean() for part in parts])
    spread: Matrix = np.bincount(place, weights=means) / np.bincount(place)
    # A group without errors would be divided by.
    return knots, np.maximum(spread, max(0.01 * spread.mean(), 1e-9))


def coverage_metrics(
    fitted: FittedIntervals, truth: Matrix, predicted: NDArray[np.floating], prefix: str
) -> dict[str, float]:
    """`<prefix>_coverage` and `<prefix>_interval_width`, and the same with `_tier_1` (the cheapest) to `_tier_3`.

    Homes at the contract's highest price are capped there in the data, whatever they were worth:
    `<prefix>_capped_homes` counts them, `<prefix>_coverage_capped` is their coverage. What has no rows is left out.

    Args:
        truth: (n,) prices.
        predicted: (n,) predictions, or (n_repeats, n).
    """
    repeats = np.atleast_2d(predicted)
    truth, flat = np.tile(truth, len(repeats)), repeats.ravel()
    low, high = Intervals(fitted.as_bundled()).around(flat)
    tiers = np.searchsorted(fitted.tier_edges, flat, side="right")
    capped = truth >= fitted.maximum
    groups = {"": np.ones(len(truth), dtype=bool), "_capped": capped}
    groups |= {f"_tier_{tier + 1}": tiers == tier for tier in range(TIERS)}
    figures = {f"{prefix}_capped_homes": float(capped.sum() / len(repeats))}
    for suffix, rows in groups.items():
        if rows.any():
            figures[f"{prefix}_coverage{suffix}"] = float(((low <= truth) & (truth <= high))[rows].mean())
            figures[f"{prefix}_interval_width{suffix}"] = float((high - low)[rows].mean())
    return figures


def _check_size(houses: int, settings: IntervalSettings) -> None:
    needed = max(settings.groups, int(np.ceil(1 / (1 - settings.coverage) - 1e-9)) - 1)
    if houses < needed:
        raise DataError(
            f"Intervals that hold {settings.coverage:.0%} of the prices, in {settings.groups} groups, need at least "
            f"{needed} training houses; there are {houses}. Publish more houses, or lower `coverage` or `groups` under "
            "`intervals` in zenml_config/training.yaml."
        )
