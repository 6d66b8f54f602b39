"""How an experiment's model is found and fitted."""

from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, RandomizedSearchCV
from xgboost import XGBRegressor

from steps.core.columns import Matrix
from steps.core.experiments import Experiment, Search

Scaled = NDArray[np.float32]


def regressor(parameters: dict[str, Any], seed: int) -> XGBRegressor:
    """An unfitted model with one thread: fits run side by side instead."""
    return XGBRegressor(**parameters, random_state=seed, n_jobs=1)


def randomized_search(estimator: XGBRegressor, search: Search, seed: int) -> RandomizedSearchCV:
    """scikit-learn's search over the space, not yet run.

    The folds' fits take turns on all cores as threads (`fit_side_by_side`): XGBoost works without Python's lock, and
    processes would import everything once more each.
    """
    return RandomizedSearchCV(
        estimator,
        {name: distribution.sampler() for name, distribution in search.space.items()},
        n_iter=search.iterations,
        scoring="neg_root_mean_squared_error",
        cv=KFold(search.folds, shuffle=True, random_state=seed),
        random_state=seed,
        n_jobs=-1,
        error_score="raise",
    )


def fit_side_by_side(search: RandomizedSearchCV, X: Scaled, y: Matrix) -> RandomizedSearchCV:
    """The search, run."""
    with joblib.parallel_config(backend="threading"):
        return search.fit(X, y)


def found(experiment: Experiment, search: RandomizedSearchCV) -> dict[str, Any]:
    """The experiment's fixed parameters and the best that the search found, as plain numbers."""
    drawn = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in search.best_params_.items()
    }
    return experiment.parameters.given() | dict(sorted(drawn.items()))


def booster_bytes(model: XGBRegressor, features: Sequence[str]) -> bytes:
    """The fitted model in XGBoost's own format, with the names of its features."""
    booster = model.get_booster().copy()
    booster.feature_names = list(features)
    return bytes(booster.save_raw("ubj"))
