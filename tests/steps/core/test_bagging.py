"""Several boosters as one."""

from typing import Any

import numpy as np
import pytest
import xgboost

from steps.core.bagging import merged
from steps.core.columns import prices
from steps.core.errors import PlatformError
from steps.core.onnx_model import as_onnx
from steps.core.regressors import BaggedRegressor, plain, regressor
from steps.core.scaling import scale
from steps.core.search import Scaled
from tests.steps.core.test_onnx_model import in_onnx
from tests.training import prepared

PARAMETERS = {"n_estimators": 60, "max_depth": 4, "subsample": 0.7, "colsample_bynode": 0.4, "max_bin": 64}


def rows() -> tuple[Scaled, Any]:
    """Training rows of which one value in fifty is missing."""
    train, _, scaler = prepared()
    X = scale(train, scaler)
    X[np.random.default_rng(0).random(X.shape) < 0.02] = np.nan
    return X, prices(train)


def singles(seeds: int, **changes: Any) -> list[xgboost.Booster]:
    X, y = rows()
    return [regressor(PARAMETERS | changes, 42 + number).fit(X, y).get_booster() for number in range(seeds)]


def contributions(booster: xgboost.Booster) -> Any:
    return booster.predict(xgboost.DMatrix(rows()[0]), pred_contribs=True)


@pytest.mark.parametrize("changes", [{}, {"num_parallel_tree": 2}, {"base_score": 7.5}])
def test_the_merged_booster_predicts_the_mean(changes: dict[str, Any]) -> None:
    parts, X = singles(3, **changes), rows()[0]
    mean = np.mean([part.inplace_predict(X).astype(float) for part in parts], axis=0)
    both = merged(parts)
    np.testing.assert_allclose(both.inplace_predict(X), mean, rtol=2e-6)
    assert both.num_boosted_rounds() == 3 * 60


def test_it_survives_being_stored_and_read() -> None:
    both, X = merged(singles(2)), rows()[0]
    again = xgboost.Booster()
    again.load_model(bytearray(both.save_raw("ubj")))
    np.testing.assert_array_equal(again.inplace_predict(X), both.inplace_predict(X))


def test_its_shap_values_are_the_mean_of_the_shap_values() -> None:
    parts = singles(3)
    mean = np.mean([contributions(part) for part in parts], axis=0)
    np.testing.assert_allclose(contributions(merged(parts)), mean, atol=1e-4)


def test_onnx_gives_the_merged_boosters_very_prices() -> None:
    both, X = merged(singles(3)), rows()[0]
    assert in_onnx(as_onnx(bytes(both.save_raw("ubj"))), X).tolist() == both.inplace_predict(X).tolist()


def test_a_bagged_regressor_is_the_mean_of_the_seeds_from_its_own_on() -> None:
    X, y = rows()
    bagged = regressor(PARAMETERS | {"bagging_seeds": 3}, 42).fit(X, y)
    assert isinstance(bagged, BaggedRegressor)
    mean = np.mean([part.inplace_predict(X) for part in singles(3)], axis=0)
    np.testing.assert_array_equal(bagged.predict(X), mean)
    np.testing.assert_allclose(bagged.get_booster().inplace_predict(X), mean, rtol=2e-6)


def test_the_model_that_is_kept_is_xgboosts_own_class_with_the_merged_booster() -> None:
    X, y = rows()
    bagged = regressor(PARAMETERS | {"bagging_seeds": 2}, 42).fit(X, y)
    kept = plain(bagged)
    assert type(kept) is xgboost.XGBRegressor
    assert "bagging_seeds" not in kept.get_params()
    assert kept.get_params()["max_depth"] == 4
    np.testing.assert_array_equal(kept.predict(X), bagged.get_booster().inplace_predict(X))


def test_boosters_that_cannot_be_averaged_are_refused() -> None:
    X, y = rows()
    narrow = regressor(PARAMETERS, 42).fit(X[:, :5], y).get_booster()
    with pytest.raises(PlatformError, match=r"5 features .* wanted gbtree, reg:squarederror, 13 features"):
        merged([*singles(1), narrow])
    with pytest.raises(PlatformError, match="gblinear"):
        merged([xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(X, y), 2)])
    with pytest.raises(PlatformError, match="no booster"):
        merged([])
