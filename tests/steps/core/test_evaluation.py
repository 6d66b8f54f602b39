"""Figures of quality."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import KFold, RepeatedKFold

from steps.core.evaluation import as_frame, cross_validated, errors, left_out_predictions, out_of_fold
from tests.training import validation


def test_errors_of_three_prices_by_hand() -> None:
    figures = errors(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0]), "test")
    assert figures == {"test_rmse": pytest.approx(3**0.5), "test_r2": pytest.approx(-3.5), "test_mae": 1.0}


def test_the_mean_and_the_spread_are_over_all_folds_of_all_repeats() -> None:
    y = np.arange(12.0)
    X, folds = np.zeros((12, 1), dtype=np.float32), validation(folds=3, repeats=2, seed=5)
    figures = cross_validated(y, out_of_fold(DummyRegressor(), X, y, folds), folds)
    each = []
    for train, test in RepeatedKFold(n_splits=3, n_repeats=2, random_state=5).split(X):
        each.append(np.sqrt(np.mean((y[test] - y[train].mean()) ** 2)))
    assert figures["cv_rmse"] == pytest.approx(np.mean(each))
    assert figures["cv_rmse_sd"] == pytest.approx(np.std(each, ddof=1))
    assert set(figures) == {"cv_rmse", "cv_rmse_sd", "cv_r2", "cv_mae"}


def test_the_estimator_is_left_as_it_was() -> None:
    fitted = DummyRegressor().fit([[0]], [5.0])
    out_of_fold(fitted, np.zeros((6, 1), dtype=np.float32), np.arange(6.0), validation())
    assert fitted.constant_[0][0] == 5.0


def test_the_folds_are_not_those_of_a_search_with_the_models_seed() -> None:
    from tests.training import training_parameters

    given = training_parameters()["validation"]
    X = np.zeros((404, 1))
    searched = [set(test) for _, test in KFold(10, shuffle=True, random_state=given["model_seed"]).split(X)]
    compared = RepeatedKFold(n_splits=given["folds"], n_repeats=given["repeats"], random_state=given["seed"])
    assert all(not part <= set(test) for _, test in compared.split(X) for part in searched)


def test_out_of_fold_predictions_are_those_of_models_that_did_not_see_the_row() -> None:
    y = np.arange(12.0)
    X = np.zeros((12, 1), dtype=np.float32)
    predicted = out_of_fold(DummyRegressor(), X, y, validation(folds=3, repeats=2, seed=5))
    for number, (train, test) in enumerate(RepeatedKFold(n_splits=3, n_repeats=2, random_state=5).split(X)):
        np.testing.assert_array_equal(predicted[number // 3, test], y[train].mean())


def test_out_of_fold_predictions_go_to_a_table_by_house_and_back() -> None:
    houses = pd.DataFrame({"house_id": [7, 8], "RM": [5.0, 6.0], "MEDV": [20.0, 30.0]})
    table = as_frame(houses, np.array([[21.0, 29.0], [19.0, 31.0]]))
    assert table.to_dict("list") == {
        "house_id": [7, 8],
        "MEDV": [20.0, 30.0],
        "repeat_1": [21.0, 29.0],
        "repeat_2": [19.0, 31.0],
    }
    assert left_out_predictions(table).tolist() == [[21.0, 29.0], [19.0, 31.0]]
