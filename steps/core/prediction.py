"""What a model in XGBoost's own format says of raw houses."""

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray

from steps.core.scaling import FittedScaler, scale


def load_booster(model: bytes) -> xgboost.Booster:
    """The booster, on one thread."""
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(model))
    booster.set_param({"nthread": 1})
    return booster


def predict(model: bytes, scaler: FittedScaler, houses: pd.DataFrame) -> NDArray[np.float32]:
    """(n_houses,) prices in the target's unit.

    Args:
        scaler: of the model's features, in training order.
        houses: raw features, in any order of columns.
    """
    booster = load_booster(model)
    prices: NDArray[np.float32] = booster.inplace_predict(
        scale(houses, scaler), missing=np.nan, validate_features=False
    )
    return prices.reshape(len(houses))  # of no houses XGBoost makes a matrix
