"""The step that carries out one experiment and keeps it in MLflow."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from xgboost import XGBRegressor
from zenml import ArtifactConfig, get_step_context, log_metadata, step
from zenml.config import CachePolicy
from zenml.logger import get_logger
from zenml.types import HTMLString

from serving.bundle import digest
from serving.settings import read_settings
from steps import experiment_record
from steps.core import columns, evaluation, experiments, importance, plots, prediction, scaling, search
from steps.core.columns import Matrix, matrix, prices
from steps.core.evaluation import cross_validated, errors
from steps.core.experiments import Experiment, ExperimentResult, Validation
from steps.core.importance import FEATURE, rank, shap_values
from steps.core.plots import page, predicted_versus_true, residuals, shap_bar, shap_summary
from steps.core.prediction import load_booster
from steps.core.scaling import FittedScaler, restrict, scale
from steps.core.search import Scaled, booster_bytes, fit_side_by_side, found, randomized_search, regressor
from steps.experiment_record import record
from steps.tracking import autologging, git_commit, run_of

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model of an experiment.

    Attributes:
        parameters: fixed and found.
        search_rmse: the best score that the search saw, by name; empty without a search.
    """

    model: XGBRegressor
    parameters: dict[str, Any]
    search_rmse: dict[str, float]
    seconds: float


@step(
    cache_policy=CachePolicy(
        source_dependencies=[
            *(columns, evaluation, experiments, importance, plots, prediction, scaling, search),
            *(experiment_record, "steps.run_experiment.fit", "steps.run_experiment.conduct"),
        ]
    )
)
def run_experiment(
    train: pd.DataFrame,
    test: pd.DataFrame,
    scaler: FittedScaler,
    ranking: pd.DataFrame,
    data_fingerprint: str,
    mlflow_experiment: str,  # noqa: ARG001  # a part of the cache key
    experiment: Experiment,
    validation: Validation,
) -> tuple[
    Annotated[ExperimentResult, ArtifactConfig(name="{experiment}_result")],
    Annotated[bytes, ArtifactConfig(name="{experiment}_model")],
    Annotated[HTMLString, ArtifactConfig(name="{experiment}_plots")],
]:
    """What came out, the booster in XGBoost's own format, and a page of plots.

    Args:
        mlflow_experiment: which MLflow store keeps the runs; another one makes the experiment run anew.
    """
    tags = {"data_fingerprint": data_fingerprint, "zenml_run": str(get_step_context().pipeline_run.id)}
    result, model, plots_page = conduct(train, test, scaler, ranking[FEATURE].tolist(), experiment, validation, tags)
    log_metadata(
        {"features": list(result.features), **result.metrics, **result.seconds, "mlflow_run": result.mlflow_run_id}
    )
    return result, model, HTMLString(plots_page)


def conduct(
    train: pd.DataFrame,
    test: pd.DataFrame,
    scaler: FittedScaler,
    ranking: list[str],
    experiment: Experiment,
    validation: Validation,
    tags: dict[str, str],
) -> tuple[ExperimentResult, bytes, str]:
    """What came out of the experiment, its booster, and a page of plots; a run in MLflow that has all of it.

    Args:
        ranking: all features, the most important first.
        tags: of the run, besides the commit.
    """
    settings = read_settings()
    features = experiment.choose(ranking, scaler.features)
    own_scaler = restrict(scaler, features)
    X, y, started = scale(train, own_scaler), prices(train), time.perf_counter()
    with run_of(experiment.name, settings, {**tags, "git_commit": git_commit(settings.root)}) as run_id:
        fitted = fit(experiment, X, y, features, validation.model_seed)
        booster = booster_bytes(fitted.model, features)
        predictions = {"training rows": (y, fitted.model.predict(X))}
        predictions["test rows"] = (prices(test), fitted.model.predict(scale(test, own_scaler)))
        metrics = {
            **cross_validated(fitted.model, X, y, validation),
            **errors(*predictions["training rows"], "train"),
            **errors(*predictions["test rows"], "test"),
            **fitted.search_rmse,
        }
        seconds = {"search": fitted.seconds, "total": time.perf_counter() - started}
        shap = shap_values(load_booster(booster), X, features)
        figures = {
            "predicted versus true": predicted_versus_true(predictions),
            "residuals": residuals(predictions),
            "SHAP summary": shap_summary(shap, pd.DataFrame(matrix(train, features), columns=features)),
            "SHAP bar": shap_bar(rank(shap, features)),
        }
        model_uri = record(fitted.model, own_scaler, train, fitted.parameters, metrics, seconds, figures, validation)
    logger.info(
        "%s: cross-validated RMSE %.3f ± %.3f, test RMSE %.3f, R² %.3f, %d features, %.1f s",
        *(experiment.name, metrics["cv_rmse"], metrics["cv_rmse_sd"], metrics["test_rmse"], metrics["test_r2"]),
        *(len(features), seconds["total"]),
    )
    result = ExperimentResult(
        name=experiment.name,
        features=tuple(features),
        parameters=fitted.parameters,
        metrics=metrics,
        seconds=seconds,
        model_digest=digest(booster),
        mlflow_run_id=run_id,
        model_uri=model_uri,
    )
    return result, booster, page(experiment.name, figures)


def fit(experiment: Experiment, X: Scaled, y: Matrix, features: list[str], seed: int) -> Fitted:
    """The experiment's model on all training rows, its parameters searched for if it says so, autologged."""
    started = time.perf_counter()
    estimator = regressor(experiment.parameters.given(), seed)
    if experiment.search is None:
        with autologging("xgboost"):
            model = estimator.fit(pd.DataFrame(X, columns=features), y)
        return Fitted(model, experiment.parameters.given(), {}, time.perf_counter() - started)
    fits = experiment.search.iterations * experiment.search.folds
    logger.info("%s: %d fits, one thread each, on all cores", experiment.name, fits)
    candidates = randomized_search(estimator, experiment.search, seed)
    with autologging("sklearn"):
        fit_side_by_side(candidates, X, y)
    best = {"search_rmse": float(-candidates.best_score_)}
    return Fitted(candidates.best_estimator_, found(experiment, candidates), best, time.perf_counter() - started)
