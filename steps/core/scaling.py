"""Standard scaling as data: means and scales that anyone can read."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn.preprocessing import StandardScaler

from serving.bundle import Scaler, read_scaler
from steps.core.columns import Matrix, feature_names, matrix


class FittedScaler(BaseModel):
    """`(x - mean) / scale` by feature, fitted on training rows only; missing values are left out and stay missing.

    Attributes:
        mean, scale: in the feature's unit, in the order of `features`.
        houses: how many rows it was fitted on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    houses: int


def fit_scaler(train: pd.DataFrame) -> FittedScaler:
    """The scaler of all features of the training rows."""
    features = feature_names(train)
    fitted = StandardScaler().fit(matrix(train, features))
    return FittedScaler(
        features=tuple(features), mean=tuple(fitted.mean_), scale=tuple(fitted.scale_), houses=len(train)
    )


def restrict(scaler: FittedScaler, features: Sequence[str]) -> FittedScaler:
    """The scaler of some of its features, in the order that is asked for."""
    at = [scaler.features.index(name) for name in features]
    return scaler.model_copy(
        update={
            "features": tuple(features),
            "mean": tuple(scaler.mean[i] for i in at),
            "scale": tuple(scaler.scale[i] for i in at),
        }
    )


def unscaled(features: Sequence[str]) -> FittedScaler:
    """The scaler of rows that are left as they are."""
    return FittedScaler(features=tuple(features), mean=(0.0,) * len(features), scale=(1.0,) * len(features), houses=0)


def scale(houses: pd.DataFrame, scaler: FittedScaler) -> NDArray[np.float32]:
    """(n_houses, n_features) float32, as the booster takes them: the very arithmetic of serving.pricing.predictor."""
    raw: Matrix = matrix(houses, scaler.features)
    scaled: Matrix = (raw - np.asarray(scaler.mean)) / np.asarray(scaler.scale)
    return scaled.astype(np.float32)


def as_bundled(scaler: FittedScaler) -> bytes:
    """The scaler as the bundle's file."""
    return msgspec.json.encode(Scaler(features=scaler.features, mean=scaler.mean, scale=scaler.scale))


def from_bundle(data: bytes, houses: int) -> FittedScaler:
    """The scaler of a bundle's file.

    Raises:
        BundleError: it is not of the schema.
    """
    scaler = read_scaler(data)
    return FittedScaler(features=scaler.features, mean=scaler.mean, scale=scaler.scale, houses=houses)


def as_estimator(scaler: FittedScaler) -> StandardScaler:
    """The same scaler as scikit-learn's, for the model that is logged in MLflow."""
    estimator = StandardScaler()
    estimator.mean_, estimator.scale_ = np.asarray(scaler.mean), np.asarray(scaler.scale)
    estimator.var_ = estimator.scale_**2
    estimator.n_features_in_ = len(scaler.features)
    estimator.n_samples_seen_ = scaler.houses
    estimator.feature_names_in_ = np.asarray(scaler.features, dtype=object)
    return estimator
