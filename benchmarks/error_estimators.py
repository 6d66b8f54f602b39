"""Ways to the error of rows whose true prices are not known, from the same out-of-fold errors."""

from collections.abc import Callable

import numpy as np

from benchmarks.live_error_world import World
from steps.core.columns import Matrix
from steps.core.error_estimate import expected_error
from steps.core.intervals import local_spread
from steps.core.regressors import regressor

OURS, NAIVE = "weighted errors", "cross-validated"
GROUPS = 8  # as those of the intervals
SHALLOW = {"n_estimators": 60, "max_depth": 2, "learning_rate": 0.05, "subsample": 0.7, "min_child_weight": 10}

# The mean absolute error and the RMSE to expect, from raw features (n, k) and predicted prices (n,).
Estimator = Callable[[Matrix, Matrix], tuple[float, float]]


def estimators(here: World) -> dict[str, Estimator]:
    """All of them for one model, the platform's first."""
    return {
        OURS: _weighted(here),
        NAIVE: _naive(here),
        "by predicted price": _by_price(here),
        "DLE": _direct_loss(here),
    }


def _weighted(here: World) -> Estimator:
    def of(features: Matrix, predicted: Matrix) -> tuple[float, float]:
        found = expected_error(here.reference, features, predicted)
        return found.mae, found.rmse

    return of


def _naive(here: World) -> Estimator:
    known = here.metrics["cv_mae"], here.metrics["cv_rmse"]
    return lambda _features, _predicted: known


def _by_price(here: World) -> Estimator:
    """The mean error around each predicted price, as the intervals follow it."""
    flat, errors = np.array(here.reference.predicted).ravel(), here.reference.errors.ravel()
    absolute = local_spread(flat, np.abs(errors), GROUPS)
    squared = local_spread(flat, errors**2, GROUPS)

    def of(_features: Matrix, predicted: Matrix) -> tuple[float, float]:
        mae, square = (float(np.interp(predicted, *table).mean()) for table in (absolute, squared))
        return mae, float(np.sqrt(square))

    return of


def _direct_loss(here: World) -> Estimator:
    """NannyML's direct loss estimation: a model of the errors, of features and predicted price, by shallow trees."""
    known = np.column_stack([here.reference.values, np.array(here.reference.predicted).mean(axis=0)])
    rows, errors = known.astype(np.float32), here.reference.errors
    absolute, squared = (regressor(SHALLOW, 0).fit(rows, target.mean(axis=0)) for target in (np.abs(errors), errors**2))

    def of(features: Matrix, predicted: Matrix) -> tuple[float, float]:
        asked = np.column_stack([features, predicted]).astype(np.float32)
        mae, square = (float(model.predict(asked).mean()) for model in (absolute, squared))
        return mae, float(np.sqrt(max(square, 0.0)))

    return of
