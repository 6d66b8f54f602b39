"""Errors by price tier."""

import numpy as np
import pytest

from steps.core.intervals import FittedIntervals
from steps.core.price_tiers import price_tiers

# Half-widths of 1 everywhere.
INTERVALS = FittedIntervals(
    coverage=0.9,
    minimum=1,
    maximum=50,
    prices=(10.0, 40.0),
    half_widths=(1.0, 1.0),
    residuals=12,
    houses=6,
    tier_edges=(),
    metrics={},
)


def test_error_bias_and_coverage_of_the_thirds_and_of_those_at_the_cap_by_hand() -> None:
    truth = np.array([10.0, 12.0, 20.0, 22.0, 40.0, 50.0])
    # Two repeats: the cheap ones are 0.5 too dear; the middle ones right; 40 is 2 too low, 50 is 4 too low.
    error = np.array([0.5, 0.5, 0.0, 0.0, -2.0, -4.0])
    cheap, middle, dear, capped = price_tiers(truth, np.array([truth + error, truth + error]), INTERVALS)
    assert [one.name for one in (cheap, middle, dear, capped)] == [
        "cheapest third",
        "middle third",
        "dearest third",
        "at the cap",
    ]
    assert [(one.homes, one.low, one.high) for one in (cheap, middle, dear, capped)] == [
        (2, 10, 12),
        (2, 20, 22),
        (2, 40, 50),
        (1, 50, 50),
    ]
    assert (cheap.rmse, cheap.bias, cheap.coverage) == (0.5, 0.5, 1)
    assert (middle.rmse, middle.bias, middle.coverage) == (0, 0, 1)
    assert (dear.rmse, dear.bias, dear.coverage) == (pytest.approx(10**0.5), -3, 0)
    assert capped.bias == -4


def test_homes_of_one_price_are_one_tier_and_empty_tiers_are_left_out() -> None:
    truth = np.full(5, 20.0)
    (only,) = price_tiers(truth, truth[None] + 1, INTERVALS)
    assert (only.name, only.homes, only.bias) == ("cheapest third", 5, 1)
