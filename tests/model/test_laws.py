"""What any model of prices must obey, with the parameters that searches find and with XGBoost's defaults."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import root_mean_squared_error

from steps.core.columns import prices
from steps.core.prediction import predict
from steps.core.regressors import regressor
from steps.core.scaling import FittedScaler, fit_scaler, restrict, scale
from steps.core.search import booster_bytes
from tests.training import prepared

# Near what the searches find; the second is what shap_top10_default takes.
PARAMETERS = [
    {
        "n_estimators": 200,
        "learning_rate": 0.08,
        "max_depth": 4,
        "subsample": 0.7,
        "colsample_bynode": 0.4,
        "max_bin": 64,
    },
    {},
]


def fitted(train: pd.DataFrame, scaler: FittedScaler, parameters: dict[str, object]) -> bytes:
    model = regressor(parameters, 42).fit(scale(train, scaler), prices(train))
    return booster_bytes(model, scaler.features)


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_it_beats_the_median_and_holds_the_floors_on_houses_that_it_has_not_seen(parameters: dict[str, object]) -> None:
    train, test, scaler = prepared()
    error = root_mean_squared_error(prices(test), predict(fitted(train, scaler, parameters), scaler, test))
    baseline = root_mean_squared_error(prices(test), np.full(len(test), np.median(prices(train))))
    assert error < 5.0
    assert error < baseline / 2


def test_it_can_learn_ten_houses_by_heart() -> None:
    ten = prepared()[0].head(10)
    scaler = fit_scaler(ten)
    model = fitted(ten, scaler, {"n_estimators": 300, "min_child_weight": 0, "reg_lambda": 0})
    np.testing.assert_allclose(predict(model, scaler, ten), prices(ten), atol=0.05)


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize(("feature", "change", "sign"), [("RM", 1.0, 1), ("LSTAT", 10.0, -1)])
def test_on_average_more_rooms_raise_the_price_and_a_lower_status_lowers_it(
    parameters: dict[str, object], feature: str, change: float, sign: int
) -> None:
    train, test, scaler = prepared()
    model = fitted(train, scaler, parameters)
    moved = predict(model, scaler, test.assign(**{feature: test[feature] + change}))
    assert sign * float(np.mean(moved - predict(model, scaler, test))) > 0.5


def test_the_order_of_the_houses_asked_for_changes_nothing() -> None:
    train, test, scaler = prepared()
    model = fitted(train, scaler, PARAMETERS[0])
    shuffled = test.sample(frac=1, random_state=1)
    np.testing.assert_array_equal(predict(model, scaler, shuffled), predict(model, scaler, test.loc[shuffled.index]))
    alone = np.concatenate([predict(model, scaler, test.iloc[[i]]) for i in range(5)])
    np.testing.assert_array_equal(alone, predict(model, scaler, test.head(5)))


def test_the_order_of_the_columns_in_a_frame_changes_nothing() -> None:
    train, test, scaler = prepared()
    model = fitted(train, scaler, PARAMETERS[0])
    np.testing.assert_array_equal(predict(model, scaler, test[test.columns[::-1]]), predict(model, scaler, test))


def test_another_unit_of_a_feature_changes_next_to_nothing() -> None:
    train, test, scaler = prepared()
    metric, metric_test = (rows.assign(DIS=rows["DIS"] * 1.609344) for rows in (train, test))
    own = fit_scaler(metric)
    model, metric_model = fitted(train, scaler, PARAMETERS[0]), fitted(metric, own, PARAMETERS[0])
    difference = predict(model, scaler, test) - predict(metric_model, own, metric_test)
    assert float(np.sqrt(np.mean(difference**2))) < 0.3


def test_a_feature_that_the_model_lacks_has_no_influence() -> None:
    train, test, scaler = prepared()
    without = restrict(scaler, [name for name in scaler.features if name != "B"])
    model = fitted(train, without, PARAMETERS[0])
    np.testing.assert_array_equal(predict(model, without, test.assign(B=0.0)), predict(model, without, test))


def test_prices_stay_near_the_prices_that_were_seen() -> None:
    train, test, scaler = prepared()
    predicted = predict(fitted(train, scaler, PARAMETERS[0]), scaler, test)
    assert predicted.min() > prices(train).min() - 5
    assert predicted.max() < prices(train).max() + 5
