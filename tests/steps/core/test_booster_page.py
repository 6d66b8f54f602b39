"""A model as a page."""

import numpy as np
import xgboost

from steps.core.booster_page import booster_page


def test_the_feature_that_gains_most_comes_first_and_one_that_is_never_asked_last() -> None:
    price = np.repeat([10.0, 30.0], 20)
    rows = xgboost.DMatrix(np.column_stack([np.zeros(40), price]), price, feature_names=["CHAS", "RM"])
    model = xgboost.train({"max_depth": 1, "eta": 0.5}, rows, 3)
    page = booster_page(model, 1_250_000)
    assert page.index("<td>RM</td><td>3</td><td>100.0%</td><td>100.0%</td>") < page.index("<td>CHAS</td><td>0</td>")
    assert "<td>trees</td><td>3</td>" in page
    assert "<td>1.25 MB</td>" in page


def test_a_model_that_asks_nothing_has_no_shares() -> None:
    rows = xgboost.DMatrix(np.zeros((4, 1)), np.ones(4), feature_names=["RM"])
    assert "<td>RM</td><td>0</td><td>0.0%</td><td>0.0%</td>" in booster_page(xgboost.train({}, rows, 1), 9)
