"""Whole procedures from rows to prices: what the quality report and the benchmark compare.

A procedure sees the rows that train only: it looks for its parameters and its features there, anew in every fold.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steps.core.columns import Matrix
from steps.core.compute import LOCAL, Compute
from steps.core.estimators import estimator
from steps.core.experiments import Experiment
from steps.core.importance import FEATURE, rank, sample, shap_values
from steps.core.regressors import regressor
from steps.core.scaling import unscaled
from steps.core.search import Scaled, fit_side_by_side, found, randomized_search

# (rows that train, their prices, rows to be priced) to the prices of the latter.
Procedure = Callable[[Scaled, Matrix, Scaled], Matrix]


def experiment(
    wanted: Experiment,
    features: Sequence[str],
    seed: int,
    compute: Compute = LOCAL,
    found_already: Mapping[str, Any] | None = None,
    stored: Sequence[str] | None = None,
) -> Procedure:
    """The experiment from its choice of features to its model.

    Args:
        features: the columns of the rows, which are in the features' units if the experiment has segments.
        stored: those that are no derived ones; all if left out.
        found_already: parameters; with them nothing is looked for, which is quicker and flatters a searched experiment.
    """

    def carry_out(X: Scaled, y: Matrix, asked: Scaled) -> Matrix:
        at, parameters = settle(wanted, X, y, features, seed, compute, found_already, stored)
        model = estimator(parameters, seed, unscaled([features[position] for position in at]))
        predicted: Matrix = model.fit(X[:, at], y).predict(asked[:, at]).astype("float64")
        return predicted

    return carry_out


def settle(
    wanted: Experiment,
    X: Scaled,
    y: Matrix,
    features: Sequence[str],
    seed: int,
    compute: Compute = LOCAL,
    found_already: Mapping[str, Any] | None = None,
    stored: Sequence[str] | None = None,
) -> tuple[list[int], dict[str, Any]]:
    """The positions of the experiment's features, and its parameters, as these rows have them."""
    ranked = [list(features).index(name) for name in (features if stored is None else stored)]
    ranking = _ranking(wanted, X[:, ranked], y, [features[at] for at in ranked], seed)
    at = [list(features).index(name) for name in wanted.choose(ranking, features)]
    parameters = _parameters(wanted, X[:, at], y, seed, compute) if found_already is None else dict(found_already)
    return at, parameters


def _ranking(wanted: Experiment, X: Scaled, y: Matrix, features: Sequence[str], seed: int) -> list[str]:
    """The features by SHAP value in a default model, as `rank_features` does it; in any order if all are wanted."""
    if wanted.features == "all":
        return list(features)
    booster = regressor({}, seed).fit(X, y).get_booster().copy()
    booster.feature_names = list(features)
    ranking: list[str] = rank(shap_values(booster, X[sample(len(X))], features), features)[FEATURE].tolist()
    return ranking


def _parameters(wanted: Experiment, X: Scaled, y: Matrix, seed: int, compute: Compute) -> dict[str, Any]:
    fixed = wanted.parameters.given()
    if wanted.search is None:
        return wanted.recorded(fixed)
    candidates = randomized_search(regressor(fixed, seed), wanted.search, seed, None).set_params(refit=False)
    return found(wanted, fit_side_by_side(candidates, X, y, compute))


def on_the_first(procedure: Procedure, width: int) -> Procedure:
    """The procedure on so many of the columns."""

    def carry_out(X: Scaled, y: Matrix, asked: Scaled) -> Matrix:
        return procedure(X[:, :width], y, asked[:, :width])

    return carry_out


def linear(X: Scaled, y: Matrix, asked: Scaled) -> Matrix:
    """Linear regression; missing values are the medians of the rows that train."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    predicted: Matrix = make_pipeline(SimpleImputer(strategy="median"), LinearRegression()).fit(X, y).predict(asked)
    return predicted


def median(X: Scaled, y: Matrix, asked: Scaled) -> Matrix:
    """The median price of the rows that train, for every house."""
    from sklearn.dummy import DummyRegressor

    predicted: Matrix = DummyRegressor(strategy="median").fit(X, y).predict(asked)
    return predicted


def catboost(seed: int) -> Procedure:
    """CatBoost with its default parameters, on one thread as all others."""

    def carry_out(X: Scaled, y: Matrix, asked: Scaled) -> Matrix:
        from catboost import CatBoostRegressor

        model = CatBoostRegressor(random_seed=seed, thread_count=1, verbose=False, allow_writing_files=False)
        predicted: Matrix = model.fit(X, y).predict(asked)
        return predicted

    return carry_out


def xgboost_defaults(seed: int) -> Procedure:
    """XGBoost with its default parameters on all features."""

    def carry_out(X: Scaled, y: Matrix, asked: Scaled) -> Matrix:
        predicted: Matrix = regressor({}, seed).fit(X, y).predict(asked).astype("float64")
        return predicted

    return carry_out
