"""Which features a model leans on: SHAP values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray

from steps.core.search import Scaled

FEATURE, MEAN_ABS_SHAP = "feature", "mean_abs_shap"
MOST_ROWS, SEED = 2000, 2026


@dataclass(frozen=True, slots=True)
class ShapValues:
    """What each feature adds to each prediction.

    Attributes:
        values: (n_houses, n_features), in the target's unit.
        base: the mean prediction, to which a row's values add up to the prediction.
    """

    values: NDArray[np.float32]
    base: float


def sample(houses: int) -> NDArray[np.intp]:
    """The positions of the houses whose SHAP values stand for all: all of them, or a fixed draw of 2,000.

    The values cost far more than the fit of the model (decision 21). A mean over 2,000 houses has a standard error of
    2 % of their standard deviation, 1 / √2000.
    """
    if houses <= MOST_ROWS:
        return np.arange(houses)
    return np.sort(np.random.default_rng(SEED).choice(houses, MOST_ROWS, replace=False))


def shap_values(booster: xgboost.Booster, X: Scaled, features: Sequence[str]) -> ShapValues:
    """The exact SHAP values of the trees: those of shap's TreeExplainer, computed inside XGBoost, which is faster."""
    rows = xgboost.DMatrix(X, feature_names=list(features), nthread=1)
    contributions = booster.predict(rows, pred_contribs=True)
    return ShapValues(values=contributions[:, :-1], base=float(contributions[0, -1]))


def rank(shap: ShapValues, features: Sequence[str]) -> pd.DataFrame:
    """The features by mean absolute SHAP value, the largest first; equal ones in the order that they came in."""
    means = np.abs(shap.values).mean(axis=0).astype("float64")
    table = pd.DataFrame({FEATURE: list(features), MEAN_ABS_SHAP: means})
    return table.sort_values(MEAN_ABS_SHAP, ascending=False, kind="stable", ignore_index=True)
