"""Finding and fitting models."""

import numpy as np
import pytest
from sklearn.model_selection import RandomizedSearchCV

from steps.core.columns import prices
from steps.core.prediction import load_booster, predict
from steps.core.regressors import regressor
from steps.core.scaling import scale
from steps.core.search import booster_bytes, fit_side_by_side, found, randomized_search
from tests.training import experiment, prepared

SEARCH = {
    "iterations": 4,
    "folds": 2,
    "space": {"max_depth": {"randint": [1, 6]}, "learning_rate": {"uniform": [0.1, 0.4]}},
}


def searched(seed: int) -> tuple[RandomizedSearchCV, list[int]]:
    train, _, scaler = prepared()
    told: list[int] = []
    wanted = experiment(search=SEARCH)
    assert wanted.search is not None
    estimator = regressor(wanted.parameters.given(), seed)
    search = randomized_search(estimator, wanted.search, seed, told.append)
    return fit_side_by_side(search, scale(train, scaler), prices(train)), told


def test_it_is_scikit_learns_search_of_every_candidate_on_every_fold() -> None:
    search, told = searched(42)
    assert type(search) is RandomizedSearchCV
    assert len(search.cv_results_["params"]) == 4
    assert search.n_splits_ == 2
    assert sorted(told) == list(range(1, 9))
    assert search.best_score_ == max(search.cv_results_["mean_test_score"]) < 0


def test_the_same_seed_finds_the_same_model_however_the_threads_fall() -> None:
    one, other = searched(7)[0], searched(7)[0]
    assert booster_bytes(one.best_estimator_, "abcdefghijklm") == booster_bytes(other.best_estimator_, "abcdefghijklm")


def test_what_was_found_are_plain_numbers_beside_the_fixed_ones() -> None:
    parameters = found(experiment(search=SEARCH), searched(42)[0])
    assert {name: type(value) for name, value in parameters.items()} == {
        "n_estimators": int,
        "learning_rate": float,
        "max_depth": int,
    }


def test_a_fit_uses_one_thread() -> None:
    assert regressor({}, 1).get_params()["n_jobs"] == 1


def test_the_stored_booster_knows_its_features_and_predicts_as_the_model() -> None:
    train, test, scaler = prepared()
    model = regressor({"n_estimators": 20}, 42).fit(scale(train, scaler), prices(train))
    stored = booster_bytes(model, scaler.features)
    assert load_booster(stored).feature_names == list(scaler.features)
    np.testing.assert_array_equal(predict(stored, scaler, test), model.predict(scale(test, scaler)))


def test_no_houses_have_no_prices() -> None:
    train, test, scaler = prepared()
    model = booster_bytes(regressor({"n_estimators": 1}, 42).fit(scale(train, scaler), prices(train)), scaler.features)
    assert predict(model, scaler, test.head(0)).shape == (0,)


def test_a_house_with_missing_values_has_a_price() -> None:
    train, test, scaler = prepared()
    model = booster_bytes(regressor({"n_estimators": 5}, 42).fit(scale(train, scaler), prices(train)), scaler.features)
    assert np.isfinite(predict(model, scaler, test.assign(LSTAT=np.nan))).all()


def test_an_error_in_a_fit_is_not_swallowed() -> None:
    train, _, scaler = prepared()
    wanted = experiment(search=SEARCH).search
    assert wanted is not None
    search = randomized_search(regressor({"objective": "none"}, 1), wanted, 1, lambda done: None)
    with pytest.raises(Exception, match="none"):
        fit_side_by_side(search, scale(train, scaler), prices(train))
