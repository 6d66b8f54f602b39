"""The measured cost of leaving sensitive features out."""

import numpy as np
import pandas as pd
import pytest

from steps.core.evaluation import out_of_fold
from steps.core.experiments import Validation
from steps.core.paired import fold_errors
from steps.core.quality import corrected_difference
from steps.core.regressors import regressor
from steps.core.sensitive import CostSettings
from steps.core.sensitive_cost import cost_page, left_out_sets, measure

FOLDS = Validation(folds=4, repeats=3, seed=1, model_seed=2)
SETTINGS = CostSettings.model_validate(
    {"parameters": {"n_estimators": 40, "max_depth": 2}, "bagging": None, "repeats": 2, "confidence": 0.9}
)


def houses() -> pd.DataFrame:
    """A price that is made of A and C; N says nothing of it."""
    choice = np.random.default_rng(4)
    frame = pd.DataFrame(choice.normal(size=(120, 3)), columns=["A", "C", "N"])
    frame.insert(0, "house_id", range(120))
    return frame.assign(MEDV=20 + 5 * frame["A"] + frame["C"])


def test_each_is_left_out_alone_and_then_all_of_them() -> None:
    assert left_out_sets(["B", "LSTAT"]) == [("B",), ("LSTAT",), ("B", "LSTAT")]
    assert left_out_sets(["B"]) == [("B",)]
    assert left_out_sets([]) == []


def test_a_feature_that_makes_the_price_costs_much_and_one_that_says_nothing_costs_nothing() -> None:
    table = measure(houses(), ["A", "C", "N"], ["N", "A"], FOLDS, SETTINGS).set_index("left_out")
    assert table.index.tolist() == ["N", "A", "N, A"]
    assert table["rmse_with"].nunique() == 1
    assert table.loc["A", "low"] > 2
    assert table.loc["A", "p_value"] < 0.001
    assert abs(table.loc["N", "cost"]) < 0.3
    assert table.loc["N", "cost"] == pytest.approx(table.loc["N", "rmse_without"] - table.loc["N", "rmse_with"])


def test_the_interval_is_that_of_the_corrected_test_in_the_first_repeats_of_the_same_folds() -> None:
    frame, folds = houses(), FOLDS.model_copy(update={"repeats": 2})
    y = frame["MEDV"].to_numpy()
    estimator = regressor(SETTINGS.parameters.given(), FOLDS.model_seed)
    with_all, without = (
        fold_errors(y, out_of_fold(estimator, frame[names].to_numpy("float32"), y, folds), folds)
        for names in (["A", "C", "N"], ["C", "N"])
    )
    expected = corrected_difference(without - with_all, 1 / 3, SETTINGS.confidence)
    (row,) = measure(frame, ["A", "C", "N"], ["A"], FOLDS, SETTINGS).to_dict("records")
    assert (row["cost"], row["low"], row["high"]) == pytest.approx((expected.mean, expected.low, expected.high))


def test_the_page_tells_the_cost_and_escapes_what_it_names() -> None:
    table = measure(houses().rename(columns={"A": "<b>A"}), ["<b>A", "C"], ["<b>A"], FOLDS, SETTINGS)
    page = cost_page(table, FOLDS, SETTINGS, "1000 USD")
    assert f"{table['cost'][0]:+.3f}" in page
    assert "2 x 4 folds" in page
    assert "RMSE with, in 1000 USD;" in page
    assert "&lt;b&gt;A" in page
    assert "<b>A" not in page
    assert "tags no feature" in cost_page(measure(houses(), ["A"], [], FOLDS, SETTINGS), FOLDS, SETTINGS, "1000 USD")
