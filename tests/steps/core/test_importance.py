"""SHAP values and the ranking by them."""

import numpy as np
import pytest

from steps.core.columns import prices
from steps.core.importance import MOST_ROWS, ShapValues, rank, sample, shap_values
from steps.core.prediction import load_booster, predict
from steps.core.regressors import regressor
from steps.core.scaling import scale
from steps.core.search import booster_bytes
from tests.training import prepared


def test_base_and_values_add_up_to_the_prediction_and_equal_those_of_the_shap_library() -> None:
    from shap import TreeExplainer

    train, test, scaler = prepared()
    model = regressor({"n_estimators": 20}, 42).fit(scale(train, scaler), prices(train))
    stored = booster_bytes(model, scaler.features)
    X = scale(test, scaler)
    shap = shap_values(load_booster(stored), X, scaler.features)
    np.testing.assert_allclose(shap.base + shap.values.sum(axis=1), predict(stored, scaler, test), rtol=1e-5)
    np.testing.assert_allclose(shap.values, TreeExplainer(model).shap_values(X), atol=1e-4)


def test_the_ranking_is_by_the_mean_absolute_value_and_keeps_the_order_of_equals() -> None:
    values = np.array([[1.0, -4.0, 1.0], [-1.0, 0.0, 1.0]], dtype=np.float32)
    table = rank(ShapValues(values, base=20.0), ["A", "B", "C"])
    assert table["feature"].tolist() == ["B", "A", "C"]
    assert table["mean_abs_shap"].tolist() == pytest.approx([2.0, 1.0, 1.0])


def test_few_houses_are_all_asked_about_and_of_many_the_same_two_thousand() -> None:
    assert sample(MOST_ROWS).tolist() == list(range(MOST_ROWS))
    some = sample(16_512)
    assert len(set(some)) == MOST_ROWS
    assert (some == np.sort(some)).all()
    assert 0 <= some[0] < 50
    assert 16_462 < some[-1] < 16_512
    np.testing.assert_array_equal(some, sample(16_512))


def test_the_ranking_of_a_sample_is_that_of_all_houses() -> None:
    X = np.random.default_rng(0).random((10_000, 5), dtype=np.float32)
    y = 8 * X[:, 3] + 6 * np.sin(3 * X[:, 0]) + 2 * X[:, 4] * X[:, 1]
    booster = regressor({"n_estimators": 30, "max_depth": 3}, 42).fit(X, y).get_booster()
    features = list("ABCDE")
    booster.feature_names = features
    every, some = (rank(shap_values(booster, rows, features), features) for rows in (X, X[sample(len(X))]))
    assert some["feature"].tolist() == every["feature"].tolist()
    np.testing.assert_allclose(some["mean_abs_shap"], every["mean_abs_shap"], rtol=0.06, atol=0.01)
