"""What is read from whylogs profiles, held against the same figures of the rows themselves."""

import numpy as np
import pytest
from scipy import stats

from serving.records.profile_views import as_view, merged, view_of
from steps.core.sketches import (
    Sketch,
    bin_edges,
    hellinger,
    ks_distance,
    population_stability,
    shares_of,
    sketches_of,
)

DRAW = np.random.default_rng(1)
NORMAL = DRAW.normal(size=400)


def sketch(values: object) -> Sketch:
    return sketches_of(view_of(["RM"], np.reshape(values, (-1, 1))))["RM"]


def test_the_moments_and_missing_values_of_a_column_are_those_of_its_rows() -> None:
    found = sketch([1.0, 2.0, np.nan, 6.0])
    assert (found.rows, found.missing, found.values, found.missing_share) == (4, 1, 3, 0.25)
    assert (found.mean, found.sd) == (3.0, pytest.approx(np.std([1, 2, 6], ddof=1)))
    assert round(found.distinct) == 3


def test_a_column_without_values_has_no_moments_and_no_quantiles() -> None:
    found = sketch([np.nan, np.nan])
    assert (found.rows, found.values, found.is_binary) == (2, 0, False)
    assert np.isnan(found.mean)
    assert found.quantiles(np.array([0.5])).size == 0
    assert found.below(np.array([1.0])).tolist() == [0.0]


@pytest.mark.parametrize(
    "other",
    [
        DRAW.normal(0.7, size=300),
        DRAW.normal(0, 3, size=200),
        DRAW.integers(0, 3, size=100).astype(float),
        np.round(NORMAL),
        NORMAL,
        np.full(50, 0.3),
    ],
)
def test_the_ks_distance_is_that_of_the_rows_within_five_thousandths(other: np.ndarray) -> None:
    exact = stats.ks_2samp(NORMAL, other).statistic
    assert ks_distance(sketch(NORMAL), sketch(other)) == pytest.approx(exact, abs=0.005)


def test_the_distance_of_large_columns_stays_close_though_sketches_forget_rows() -> None:
    one, other = DRAW.normal(size=50_000), DRAW.normal(0.5, size=50_000)
    exact = stats.ks_2samp(one, other).statistic
    assert ks_distance(sketch(one), sketch(other)) == pytest.approx(exact, abs=0.01)


def test_columns_that_are_alike_are_0_apart_and_disjoint_ones_1() -> None:
    one, far = sketch(NORMAL), sketch(NORMAL + 100)
    assert (ks_distance(one, one), population_stability(one, one), hellinger(one, one)) == (0, 0, 0)
    assert ks_distance(one, far) == 1
    assert hellinger(one, far) > 0.7  # the reference's last bin takes all of them
    assert population_stability(one, far) > 2


def test_a_value_that_many_rows_share_has_a_bin_of_its_own() -> None:
    zeros = sketch([0.0] * 80 + [1.0] * 20)
    assert shares_of(zeros, bin_edges(zeros)) == pytest.approx(np.array([0.5, 80.5, 0.5, 20.5, 0.5]) / 102.5)


@pytest.mark.parametrize(
    ("values", "binary"), [([0, 1, 1], True), ([0, 0], True), ([0, 2], False), ([0, 0.5, 1], False)]
)
def test_a_column_of_zeros_and_ones_is_binary(values: list[float], binary: bool) -> None:
    assert sketch(values).is_binary is binary


def test_a_merged_profile_is_that_of_all_rows_also_after_it_was_stored() -> None:
    views = [
        as_view(bytes(view_of(["RM"], NORMAL[part].reshape(-1, 1)).serialize()))
        for part in (slice(150), slice(150, 400))
    ]
    view = merged(views)
    assert view is not None
    whole = sketches_of(view)["RM"]
    assert (whole.rows, whole.mean) == (400, pytest.approx(NORMAL.mean()))
    assert ks_distance(whole, sketch(NORMAL)) < 0.005
