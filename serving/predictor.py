"""The model of a bundle as a function: raw features in, prices out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.bundle import MODEL, SCALER, Metadata, Scaler, read_scaler
from serving.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable

Matrix = NDArray[np.float64]


class Predictor:
    """The booster and the scaler of a bundle.

    Make it in the process that uses it: a booster that was made before a fork hangs at its first prediction.

    Raises:
        BundleError: the files do not belong together, or the booster does not load.
    """

    def __init__(self, metadata: Metadata, files: Mapping[str, bytes]) -> None:
        self.features = metadata.features
        scaler = read_scaler(_file(files, SCALER))
        if scaler.features != metadata.features:
            raise BundleError(f"The bundle's scaler is for {scaler.features}, its model for {metadata.features}.")
        self.mean, self.scale = _vectors(scaler)
        self._predict = _booster(_file(files, MODEL), len(self.features))

    def predict(self, raw: Matrix) -> NDArray[np.float32]:
        """The prices of the rows, in the target's unit.

        Args:
            raw: (n_rows, n_features) float64, raw features in training order, NaN where a value is missing.
        """
        scaled = (raw - self.mean) / self.scale
        return self._predict(scaled.astype(np.float32))


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    try:
        return files[name]
    except KeyError as err:
        raise BundleError(f"The bundle has no {name}. Register the model again.") from err


def _vectors(scaler: Scaler) -> tuple[Matrix, Matrix]:
    return np.asarray(scaler.mean, dtype=np.float64), np.asarray(scaler.scale, dtype=np.float64)


def _booster(data: bytes, width: int) -> "Callable[[NDArray[np.float32]], NDArray[np.float32]]":
    import xgboost

    # One thread: with XGBoost's own threads a single row costs fifty times as much.
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(data))
    except xgboost.core.XGBoostError as err:
        raise BundleError(f"{MODEL} is no XGBoost model: {str(err).splitlines()[-1]}. Register again.") from err
    booster.set_param({"nthread": 1})
    if booster.num_features() != width:
        raise BundleError(f"{MODEL} takes {booster.num_features()} features, the metadata names {width}.")

    def predict(scaled: Any) -> NDArray[np.float32]:
        prices: NDArray[np.float32] = booster.inplace_predict(scaled, missing=np.nan, validate_features=False)
        return prices

    predict(np.zeros((1, width), dtype=np.float32))  # the first call configures the booster: not thread-safe
    return predict
