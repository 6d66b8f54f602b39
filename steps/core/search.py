"""How an experiment's model is found and fitted."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, RandomizedSearchCV
from xgboost import XGBRegressor

from steps.core.bins import CACHE
from steps.core.columns import Matrix
from steps.core.compute import LOCAL, Compute, side_by_side
from steps.core.estimators import estimator
from steps.core.experiments import Experiment, Search
from steps.core.regressors import plain
from steps.core.scaling import FittedScaler

Scaled = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model of an experiment.

    Attributes:
        model: fitted on all training rows.
        parameters: fixed and found.
        search_rmse: the best score that the search saw, by its name; empty without a search.
        seconds: of searching and fitting.
        scores: of `scores`; none without a search.
    """

    model: XGBRegressor
    parameters: dict[str, Any]
    search_rmse: dict[str, float]
    seconds: float
    scores: tuple[Matrix, Matrix] | None = None


class NegativeRmse:
    """scikit-learn's score of that name, which also says how many fits are done.

    Args:
        fits: how many there will be.
        report: is called with the number of fits that are done.
    """

    def __init__(self, fits: int, report: Callable[[int], None]) -> None:
        self._done = itertools.count(1)  # its next number is given out to one thread only
        self._fits, self._report = fits, report

    def __call__(self, model: XGBRegressor, X: Scaled, y: Matrix) -> float:
        """The score of a fitted model on rows that it was not fitted on."""
        score = -float(root_mean_squared_error(y, model.predict(X)))
        done = next(self._done)
        if done <= self._fits:  # autologging scores once more
            self._report(done)
        return score

    def __repr__(self) -> str:
        """The name of the score, as scikit-learn has it."""
        return "neg_root_mean_squared_error"


class Folds(KFold):  # type: ignore[misc]  # scikit-learn has no types
    """Shuffled K-fold whose rows are cut once: all candidates get the same arrays, so that a cluster gets each once."""

    def __init__(self, n_splits: int, random_state: int) -> None:
        super().__init__(n_splits, shuffle=True, random_state=random_state)
        self._rows = -1
        self._cut: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """The rows that fit and the rows that judge, by fold."""
        if self._rows != len(X):
            self._rows, self._cut = len(X), list(super().split(X, y, groups))
        yield from self._cut


def randomized_search(
    estimator: XGBRegressor, search: Search, seed: int, report: Callable[[int], None] | None
) -> RandomizedSearchCV:
    """scikit-learn's search over the space, not yet run (`fit_side_by_side`).

    Args:
        report: hears how many fits are done; none: the fits run elsewhere and cannot be counted here.
    """
    name = "neg_root_mean_squared_error"
    return RandomizedSearchCV(
        estimator,
        {name: distribution.sampler() for name, distribution in search.space.items()},
        n_iter=search.iterations,
        scoring=NegativeRmse(search.iterations * search.folds, report) if report else name,
        cv=Folds(search.folds, seed),
        random_state=seed,
        n_jobs=-1,
        error_score="raise",
    )


def fit_side_by_side(search: RandomizedSearchCV, X: Scaled, y: Matrix, compute: Compute = LOCAL) -> RandomizedSearchCV:
    """The search, run: its fits side by side, one thread each."""
    shared = [X, y, *(part for fold in search.cv.split(X) for part in fold)]
    try:
        with side_by_side(compute, shared):
            return search.fit(X, y)
    finally:
        CACHE.clear()


def found(experiment: Experiment, search: RandomizedSearchCV) -> dict[str, Any]:
    """The experiment's fixed parameters and the best that the search found, as plain numbers."""
    drawn = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in search.best_params_.items()
    }
    return experiment.recorded(experiment.parameters.given() | dict(sorted(drawn.items())))


def scores(search: RandomizedSearchCV) -> tuple[Matrix, Matrix]:
    """The RMSE of each candidate, in the order that they were drawn: the mean over the search's folds, its spread."""
    return -search.cv_results_["mean_test_score"], search.cv_results_["std_test_score"]


def refitted(
    experiment: Experiment, search: RandomizedSearchCV, X: Scaled, y: Matrix, scaler: FittedScaler, seed: int
) -> XGBRegressor:
    """The model with the parameters that were found: the search's own, or several joined (bagging, segments).

    Args:
        scaler: of the rows.
    """
    if experiment.is_single:
        return plain(search.best_estimator_)
    return plain(estimator(found(experiment, search), seed, scaler).fit(X, y))


def booster_bytes(model: XGBRegressor, features: Sequence[str]) -> bytes:
    """The fitted model in XGBoost's own format, with the names of its features."""
    booster = model.get_booster().copy()
    booster.feature_names = list(features)
    return bytes(booster.save_raw("ubj"))
