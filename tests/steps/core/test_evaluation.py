"""Figures of quality."""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import KFold, RepeatedKFold

from steps.core.evaluation import cross_validated, errors, out_of_fold
from steps.core.search import regressor
from tests.training import validation


def test_errors_of_three_prices_by_hand() -> None:
    figures = errors(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0]), "test")
    assert figures == {"test_rmse": pytest.approx(3**0.5), "test_r2": pytest.approx(-3.5), "test_mae": 1.0}


def test_the_mean_and_the_spread_are_over_all_folds_of_all_repeats() -> None:
    y = np.arange(12.0)
    X = np.zeros((12, 1), dtype=np.float32)
    figures = cross_validated(DummyRegressor(), X, y, validation(folds=3, repeats=2, seed=5))
    each = []
    for train, test in RepeatedKFold(n_splits=3, n_repeats=2, random_state=5).split(X):
        each.append(np.sqrt(np.mean((y[test] - y[train].mean()) ** 2)))
    assert figures["cv_rmse"] == pytest.approx(np.mean(each))
    assert figures["cv_rmse_sd"] == pytest.approx(np.std(each, ddof=1))
    assert set(figures) == {"cv_rmse", "cv_rmse_sd", "cv_r2", "cv_mae"}


def test_the_estimator_is_left_as_it_was() -> None:
    fitted = DummyRegressor().fit([[0]], [5.0])
    cross_validated(fitted, np.zeros((6, 1), dtype=np.float32), np.arange(6.0), validation())
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


def test_out_of_fold_residuals_are_those_that_the_experiment_was_judged_by() -> None:
    choice = np.random.default_rng(1)
    X, y = choice.normal(size=(60, 3)).astype(np.float32), choice.normal(size=60)
    model, folds = regressor({"n_estimators": 5, "subsample": 0.5}, 42), validation(folds=3, repeats=2)
    squares = (y - out_of_fold(model, X, y, folds)) ** 2
    figures = cross_validated(model, X, y, folds)
    by_fold = [
        squares[number // 3, test].mean() ** 0.5
        for number, (_, test) in enumerate(RepeatedKFold(n_splits=3, n_repeats=2, random_state=1).split(X))
    ]
    assert np.mean(by_fold) == pytest.approx(figures["cv_rmse"])
