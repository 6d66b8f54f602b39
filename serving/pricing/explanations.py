"""Why a price is what it is: what each feature adds to it."""

import math
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.bundle import MODEL, SCALER, Metadata, read_scaler
from serving.contract import FeatureSpec
from serving.errors import BundleError
from serving.pricing.predictor import Matrix, part

if TYPE_CHECKING:
    import xgboost

TOP = 3


class Explainer:
    """SHAP values of a bundle's model.

    XGBoost computes them itself (`pred_contribs`), by SHAP's exact algorithm for trees. The booster is made at the
    first explanation, in the process that asks for it: one that was made before a fork hangs, and one that nobody asks
    takes no memory. From then on threads may explain at once.

    Args:
        files: the bundle's files, by name.
        specs: the contract's columns, by name; more than the model has do no harm.

    Raises:
        BundleError: a file is missing or is not of its schema, or the contract lacks a feature.
    """

    def __init__(self, metadata: Metadata, files: Mapping[str, bytes], specs: Mapping[str, FeatureSpec]) -> None:
        scaler, self._model = read_scaler(part(files, SCALER)), part(files, MODEL)
        if unknown := [name for name in metadata.features if name not in specs]:
            raise BundleError(f"The contract does not describe {unknown}, which the model needs. Register again.")
        self._specs = [specs[name] for name in metadata.features]
        self.features = metadata.features
        self._mean, self._scale = np.asarray(scaler.mean), np.asarray(scaler.scale)
        self._booster: xgboost.Booster | None = None
        self._making = threading.Lock()

    def explain(self, raw: Matrix, prices: NDArray[np.float32]) -> list[dict[str, Any]]:
        """The reasons of each row: `base_value`, the `contributions` of all features, and the `top` three of them.

        All are in the target's unit. The base value and the contributions of a row add up to its price. Base value
        means: what the model says of no house in particular, plus the rounding of this row, which is the difference
        between the sum of single-precision contributions and the price as it was served (6e-5 at most with 300 trees).

        Args:
            raw: (n, k) float64, raw features in training order, NaN where a value is missing.
            prices: (n,) as served.
        """
        contributions = self._contributions(raw)
        bases = prices.astype(np.float64) - contributions.sum(axis=1)
        rows = zip(raw.tolist(), contributions.tolist(), bases.tolist(), strict=True)
        return [self._reasons(values, added, base) for values, added, base in rows]

    def _contributions(self, raw: Matrix) -> Matrix:
        """(n, k) float64, without the bias."""
        import xgboost

        scaled = ((raw - self._mean) / self._scale).astype(np.float32)
        matrix = xgboost.DMatrix(scaled, missing=np.nan, nthread=1)
        values = self._ready().predict(matrix, pred_contribs=True, validate_features=False)
        result: Matrix = values[:, :-1].astype(np.float64)
        return result

    def _reasons(self, values: list[float], added: list[float], base: float) -> dict[str, Any]:
        largest = sorted(range(len(added)), key=lambda at: -abs(added[at]))[:TOP]
        return {
            "base_value": base,
            "contributions": dict(zip(self.features, added, strict=True)),
            "top": [
                {
                    "feature": self.features[at],
                    "value": None if math.isnan(values[at]) else values[at],
                    "unit": self._specs[at].unit,
                    "contribution": added[at],
                    "description": self._specs[at].description,
                }
                for at in largest
            ],
        }

    def _ready(self) -> "xgboost.Booster":
        if self._booster is None:
            with self._making:
                if self._booster is None:
                    self._booster = _booster(self._model, len(self.features))
        return self._booster


def _booster(data: bytes, width: int) -> "xgboost.Booster":
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(data))
        booster.set_param({"nthread": 1})
        # The first call configures the booster: not thread-safe. A model of another width fails here.
        empty = xgboost.DMatrix(np.zeros((1, width), dtype=np.float32), nthread=1)
        booster.predict(empty, pred_contribs=True, validate_features=False)
    except xgboost.core.XGBoostError as err:
        raise BundleError(f"{MODEL} cannot explain prices: {str(err).splitlines()[-1]}. Register again.") from err
    return booster
