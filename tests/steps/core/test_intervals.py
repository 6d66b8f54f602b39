"""How wide intervals must be, and how many prices they hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from serving.pricing.intervals import Intervals
from steps.core.columns import Matrix
from steps.core.errors import DataError
from steps.core.interval_report import coverage_page
from steps.core.intervals import FittedIntervals, IntervalSettings, coverage_metrics, fit_intervals, local_spread
from steps.core.plots import interval_band
from tests.training import interval_settings

SPAN = (1.0, 50.0)
WIDE = (-1e9, 1e9)


def fitted(**changes: object) -> FittedIntervals:
    """Half-widths of 2 below a price of 10 and of 4 above 20; tiers part at 15 and 25."""
    table = {"coverage": 0.9, "minimum": 1, "maximum": 50, "prices": (10, 20), "half_widths": (2, 4)}
    known = {"residuals": 10, "houses": 10, "tier_edges": (15, 25), "metrics": {}}
    return FittedIntervals.model_validate(table | known | changes)


def drawn(seed: int, rows: int) -> tuple[Matrix, Matrix]:
    """True prices and predictions whose errors grow with the prediction."""
    choice = np.random.default_rng(seed)
    predicted = choice.uniform(5, 45, rows)
    return predicted + choice.normal(0, predicted / 10), predicted


def test_the_promise_is_kept_on_average_for_new_houses_of_the_same_kind_and_in_each_third_of_the_prices() -> None:
    shares = []
    for seed in range(60):
        truth, predicted = drawn(seed, 400)
        table = fit_intervals(truth, predicted[None], IntervalSettings(coverage=0.9, groups=8), WIDE)
        shares.append(coverage_metrics(table, *drawn(1000 + seed, 500), "new"))
    for suffix in ("", "_tier_1", "_tier_2", "_tier_3"):
        assert np.mean([share[f"new_coverage{suffix}"] for share in shares]) == pytest.approx(0.9, abs=0.02)


@settings(max_examples=50, deadline=None)
@given(
    houses=st.lists(st.tuples(st.floats(1, 50), st.floats(1, 50)), min_size=30, max_size=80),
    coverage=st.sampled_from([0.6, 0.8, 0.9, 0.95]),
    groups=st.integers(1, 30),
)
def test_any_prices_make_a_table_that_holds_the_wanted_share_of_its_own_residuals(
    houses: list[tuple[float, float]], coverage: float, groups: int
) -> None:
    truth, predicted = np.array(houses).T
    table = fit_intervals(truth, predicted[None], IntervalSettings(coverage=coverage, groups=groups), SPAN)
    low, high = Intervals(table.as_bundled()).around(predicted)
    held = (low - 1e-9 <= truth) & (truth <= high + 1e-9)
    assert held.sum() >= np.floor(coverage * len(truth))


def test_the_half_width_follows_the_spread_at_the_price() -> None:
    truth, predicted = drawn(1, 4000)
    table = fit_intervals(truth, predicted[None], IntervalSettings(coverage=0.9, groups=8), WIDE)
    low, high = Intervals(table.as_bundled()).around(np.array([10.0, 40.0]))
    # 90 % of a normal distribution lie within 1.645 standard deviations, which are a tenth of the price here.
    assert (high - low) / 2 == pytest.approx([1.645, 6.58], rel=0.1)


def test_the_spread_is_the_mean_absolute_residual_at_the_median_price_of_each_group() -> None:
    predicted = np.array([30.0, 1, 2, 3, 10, 20])
    knots, spread = local_spread(predicted, np.array([9.0, 1, 2, 3, 4, 5]), 2)
    assert knots.tolist() == [2, 20]
    assert spread.tolist() == [2, 6]


def test_groups_of_one_and_the_same_prediction_become_one() -> None:
    knots, spread = local_spread(np.full(4, 7.0), np.array([1.0, 1, 3, 3]), 2)
    assert (knots.tolist(), spread.tolist()) == ([7], [2])


def test_a_group_without_errors_still_has_a_width() -> None:
    _, spread = local_spread(np.arange(4.0), np.array([0.0, 0, 8, 8]), 2)
    assert spread.tolist() == [0.04, 8]


def test_coverage_and_width_are_told_for_each_tier_and_for_the_capped_homes() -> None:
    truth = np.array([10.0, 13, 20, 50, 50])
    figures = coverage_metrics(fitted(), truth, np.array([10.0, 10, 20, 30, 48]), "test")
    assert figures == {
        "test_coverage": pytest.approx(3 / 5),
        "test_coverage_tier_1": 0.5,
        "test_coverage_tier_2": 1.0,
        "test_coverage_tier_3": 0.5,
        "test_coverage_capped": 0.5,
        "test_interval_width": pytest.approx((4 + 4 + 8 + 8 + 6) / 5),
        "test_interval_width_tier_1": 4.0,
        "test_interval_width_tier_2": 8.0,
        "test_interval_width_tier_3": 7.0,
        "test_interval_width_capped": 7.0,
        "test_capped_homes": 2.0,
    }


def test_what_has_no_rows_has_no_coverage_and_repeats_do_not_count_a_home_twice() -> None:
    figures = coverage_metrics(fitted(), np.array([9.0, 50]), np.array([[10.0, 20], [12, 20]]), "oof")
    assert figures["oof_capped_homes"] == 1
    assert figures["oof_coverage"] == 0.25
    assert "oof_coverage_tier_3" not in figures


@pytest.mark.parametrize(
    ("houses", "changes", "needed"), [(8, {"groups": 1}, 9), (7, {"coverage": 0.6, "groups": 8}, 8)]
)
def test_too_few_houses_are_an_error_that_names_what_is_needed(
    houses: int, changes: dict[str, float], needed: int
) -> None:
    wanted = interval_settings(**changes)
    with pytest.raises(DataError, match=f"need at least {needed} training houses; there are {houses}"):
        fit_intervals(np.arange(float(houses)), np.zeros((5, houses)), wanted, SPAN)
    fit_intervals(np.arange(float(needed)), np.zeros((1, needed)), wanted, SPAN)


@pytest.mark.parametrize("wrong", [{"coverage": 1.0}, {"coverage": 90}, {"groups": 0}, {"tiers": 3}])
def test_a_setting_that_means_nothing_is_an_error(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        interval_settings(**wrong)


def test_the_page_names_the_tiers_the_capped_homes_and_what_was_reached() -> None:
    truth, predicted = np.array([10.0, 13, 20, 50, 50]), np.array([10.0, 10, 20, 30, 48])
    table = fitted()
    metrics = coverage_metrics(table, truth, predicted, "test") | coverage_metrics(table, truth, predicted, "oof")
    ends = Intervals(table.as_bundled()).around(predicted)
    page = coverage_page(fitted(metrics=metrics), interval_band(truth, predicted, ends, "USD"), "<USD>")
    for part in (
        "below 15.0",
        "15.0 to 25.0",
        "from 25.0",
        "capped at 50 (2 and 2)",
        ">60.0%<",
        ">7.00<",
        "in &lt;USD&gt;",
        "image/png",
    ):
        assert part in page
    assert "://" not in page.split("base64,")[0]
