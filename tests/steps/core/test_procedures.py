"""Whole procedures."""

import numpy as np

from steps.core.columns import Matrix
from steps.core.procedures import experiment, settle, xgboost_defaults
from steps.core.regressors import regressor
from steps.core.search import Scaled
from tests.training import experiment as wanted

NAMES = ("noise", "signal", "more_noise")
SEARCH = {"iterations": 3, "folds": 2, "space": {"max_depth": {"randint": [2, 6]}}}


def rows() -> tuple[Scaled, Matrix]:
    """Sixty rows of three columns, the second of which tells the price."""
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return X, (10 * X[:, 1] + 20).astype(np.float64)


def test_the_features_are_those_that_matter_in_the_rows_that_train() -> None:
    X, y = rows()
    assert settle(wanted(features={"shap_top": 1}), X, y, NAMES, 42)[0] == [1]
    assert settle(wanted(features={"shap_top": 1}), X[:, ::-1], 10 * X[:, 0] + 20, NAMES, 42)[0] == [2]
    assert settle(wanted(), X, y, NAMES, 42)[0] == [0, 1, 2]


def test_the_parameters_are_looked_for_unless_they_are_given() -> None:
    X, y = rows()
    searched = wanted(parameters={"n_estimators": 5}, search=SEARCH, bagging={"seeds": 2})
    _, parameters = settle(searched, X, y, NAMES, 42)
    assert parameters.keys() == {"n_estimators", "max_depth", "bagging_seeds"}
    assert settle(searched, X, y, NAMES, 42, found_already={"max_depth": 1})[1] == {"max_depth": 1}


def test_an_experiment_prices_as_its_estimator_on_its_features() -> None:
    X, y = rows()
    predicted = experiment(wanted(features={"shap_top": 1}), NAMES, 42)(X[:50], y[:50], X[50:])
    own = regressor({"n_estimators": 10}, 42).fit(X[:50, [1]], y[:50]).predict(X[50:, [1]])
    np.testing.assert_array_equal(predicted, own.astype(np.float64))


def test_the_yardstick_is_xgboost_with_its_defaults() -> None:
    X, y = rows()
    np.testing.assert_allclose(xgboost_defaults(42)(X, y, X), regressor({}, 42).fit(X, y).predict(X))
