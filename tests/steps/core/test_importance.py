"""SHAP values and the ranking by them."""

import numpy as np
import pytest

from steps.core.columns import prices
from steps.core.importance import ShapValues, rank, shap_values
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
