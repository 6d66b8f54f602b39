"""The model of a bundle as a function: raw features in, prices out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.bundle import ONNX, SCALER, Metadata, Scaler, read_scaler
from serving.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable

Matrix = NDArray[np.float64]


class Predictor:
    """The trees, in ONNX Runtime, and the scaler of a bundle.

    A row takes a few microseconds, a thirtieth of XGBoost's own prediction, and comes out with the same bits. Make it
    in the process that uses it.

    Raises:
        BundleError: the files do not belong together, or the model does not load.
    """

    def __init__(self, metadata: Metadata, files: Mapping[str, bytes]) -> None:
        self.features = metadata.features
        scaler = read_scaler(part(files, SCALER))
        if scaler.features != metadata.features:
            raise BundleError(f"The bundle's scaler is for {scaler.features}, its model for {metadata.features}.")
        self.mean, self.scale = _vectors(scaler)
        self._predict = _session(part(files, ONNX), len(self.features))

    def predict(self, raw: Matrix) -> NDArray[np.float32]:
        """The prices of the rows, in the target's unit.

        Args:
            raw: (n_rows, n_features) float64, raw features in training order, NaN where a value is missing.
        """
        scaled = (raw - self.mean) / self.scale
        return self._predict(scaled.astype(np.float32))


def part(files: Mapping[str, bytes], name: str) -> bytes:
    """The bundle's file of that name.

    Raises:
        BundleError: the bundle has none.
    """
    try:
        return files[name]
    except KeyError as err:
        raise BundleError(f"The bundle has no {name}. Register the model again.") from err


def _vectors(scaler: Scaler) -> tuple[Matrix, Matrix]:
    return np.asarray(scaler.mean, dtype=np.float64), np.asarray(scaler.scale, dtype=np.float64)


def _session(data: bytes, width: int) -> "Callable[[NDArray[np.float32]], NDArray[np.float32]]":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread: the arithmetic of a request is too small to be shared, and the workers are the parallelism.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as err:  # the runtime raises classes of its own for each kind of fault
        raise BundleError(f"{ONNX} is no ONNX model: {str(err).splitlines()[-1]}. Register again.") from err
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    if taken.shape[1] != width:
        raise BundleError(f"{ONNX} takes {taken.shape[1]} features, the metadata names {width}.")
    name, wanted, run = taken.name, [given.name], session.run

    def predict(scaled: Any) -> NDArray[np.float32]:
        prices: NDArray[np.float32] = run(wanted, {name: scaled})[0]
        return prices[:, 0]

    return predict
