"""The estimator of a model's recorded parameters, whatever kind it is."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from steps.core.regressors import BinnedRegressor, regressor
from steps.core.scaling import FittedScaler
from steps.core.segments import SegmentedRegressor

SEGMENT = "segment_"


def estimator(parameters: Mapping[str, Any], seed: int, scaler: FittedScaler) -> BinnedRegressor:
    """An unfitted model with one thread.

    Args:
        parameters: as `Experiment.recorded` gives them: segments by a feature's name, with cuts in its unit.
        scaler: of the rows that it will be fitted on.
    """
    segments = {name: value for name, value in parameters.items() if name.startswith(SEGMENT)}
    others = {name: value for name, value in parameters.items() if name not in segments}
    if not segments:
        return regressor(others, seed)
    at = scaler.features.index(segments["segment_column"])
    cuts = [float(cut) for cut in str(segments["segment_cuts"]).split(",")]
    return SegmentedRegressor(
        **others,
        **segments | {"segment_column": at, "segment_cuts": scaled(cuts, scaler, at)},
        random_state=seed,
        n_jobs=1,
    )


def scaled(cuts: list[float], scaler: FittedScaler, at: int) -> tuple[float, ...]:
    """The cuts as the scaled rows have them: the very arithmetic of `scale`, and its rounding to single precision.

    Both grow with the value, so that a value at or above the cut stays so. One below it does too unless both are the
    same number in single precision (a ten-millionth of it apart): then no model could tell them apart.
    """
    exact = (np.asarray(cuts) - scaler.mean[at]) / scaler.scale[at]
    return tuple(float(cut) for cut in exact.astype(np.float32))
