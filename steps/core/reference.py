"""What traffic is held against: the training rows and the model's prices for them, as profile and as SHAP values."""

from typing import Any

import msgspec
import numpy as np
import pandas as pd

from serving.records.profile_views import view_of
from steps.core.columns import feature_names, matrix
from steps.core.importance import sample, shap_values
from steps.core.prediction import load_booster
from steps.core.scaling import FittedScaler, scale

REFERENCE_SHAP = "reference_shap.json"


class ReferenceShap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each feature adds to the prices of the training rows, in the target's unit, in the order of `features`.

    Of many rows, a sample stands for all (`steps.core.importance.sample`).

    Attributes:
        mean: the mean SHAP value; with `base` they sum to the mean price of these rows.
        mean_abs: the mean absolute SHAP value: how much the model leans on the feature.
        rows: how many there were.
    """

    features: tuple[str, ...]
    mean: tuple[float, ...]
    mean_abs: tuple[float, ...]
    base: float
    rows: int


def reference_profile(train: pd.DataFrame, predicted: Any, target: str) -> bytes:
    """A whylogs profile of all raw features of the training rows and of the predictions, under the target's name.

    Args:
        predicted: (n_houses,) prices of the same rows.
    """
    features = feature_names(train)
    rows = np.column_stack([matrix(train, features), np.asarray(predicted, dtype="float64")])
    return bytes(view_of([*features, target], rows).serialize())


def reference_shap(model: bytes, scaler: FittedScaler, train: pd.DataFrame) -> bytes:
    """The file of the model's `ReferenceShap` on the training rows.

    Args:
        scaler: of the model's features, in training order.
    """
    rows = sample(len(train))
    found = shap_values(load_booster(model), scale(train.iloc[rows], scaler), scaler.features)
    means, sizes = (values.mean(axis=0).astype(float).tolist() for values in (found.values, np.abs(found.values)))
    return msgspec.json.encode(ReferenceShap(scaler.features, tuple(means), tuple(sizes), found.base, len(rows)))


def read_reference_shap(data: bytes) -> ReferenceShap:
    """What the bundle's file says.

    Raises:
        msgspec.DecodeError: it is no such file.
    """
    return msgspec.json.decode(data, type=ReferenceShap)
