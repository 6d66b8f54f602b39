"""Figures with confidence intervals."""

import numpy as np
import pandas as pd
import pytest

from steps.core.live_figures import bootstrapped, coverage


def rows(errors: list[float], truth: list[float], houses: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"error": errors, "truth": truth, "house": houses})


def test_the_figures_are_those_of_the_rows() -> None:
    found = bootstrapped(rows([1.0, -3.0, 2.0, 0.0], [10.0, 20.0, 30.0, 40.0], [1, 2, 3, 4]), 0.95, 500, 1)
    values = {name: figure.value for name, figure in found.items() if figure is not None}
    assert values == pytest.approx({"mae": 1.5, "bias": 0.0, "rmse": np.sqrt(3.5), "r2": 1 - 14 / 500})
    assert all(figure.low <= figure.value <= figure.high for figure in found.values() if figure is not None)


def test_the_interval_holds_the_true_value_about_as_often_as_it_says() -> None:
    draw, held = np.random.default_rng(3), 0
    for trial in range(200):
        errors = draw.normal(0, 2, 60)
        found = bootstrapped(rows(errors.tolist(), [0.0] * 60, list(range(60))), 0.9, 400, trial)["mae"]
        assert found is not None
        held += found.low <= 2 * np.sqrt(2 / np.pi) <= found.high
    assert 165 <= held <= 195


def test_rows_of_one_house_are_drawn_together_and_make_the_interval_wider() -> None:
    errors = np.repeat(np.random.default_rng(1).normal(0, 2, 20), 10)
    each = rows(errors.tolist(), [0.0] * 200, list(range(200)))
    together = each.assign(house=np.repeat(range(20), 10))
    widths = []
    for one in (each, together):
        figure = bootstrapped(one, 0.95, 1000, 1)["mae"]
        assert figure is not None
        widths.append(figure.high - figure.low)
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize("count", [0, 1])
def test_one_house_tells_nothing_of_others(count: int) -> None:
    found = bootstrapped(rows([1.0] * count, [10.0] * count, [1] * count), 0.95, 100, 1)
    assert set(found.values()) == {None}


def test_true_prices_that_are_all_equal_have_no_explained_variance() -> None:
    found = bootstrapped(rows([1.0, 2.0, 0.0], [10.0] * 3, [1, 2, 3]), 0.95, 100, 1)
    assert found["r2"] is None
    assert found["mae"] is not None


def test_coverage_is_exact_and_leaves_out_what_has_no_interval() -> None:
    found = coverage(np.array([0.0] * 9 + [1.0, np.nan]), 0.95)
    assert found is not None
    assert found.value == 0.9
    assert (round(found.low, 3), round(found.high, 3)) == (0.555, 0.997)  # Clopper and Pearson of 9 in 10
    assert coverage(np.array([np.nan]), 0.95) is None
