"""The step that carries out one experiment and keeps it in MLflow."""

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import pandas as pd
from zenml import ArtifactConfig, get_step_context, log_metadata, step
from zenml.config import CachePolicy
from zenml.logger import get_logger
from zenml.types import HTMLString

from serving.bundle import digest
from serving.settings import read_settings
from steps.artifacts.byte_materializers import BoosterMaterializer
from steps.artifacts.materializers import FrameMaterializer
from steps.build_training_set import TrainingSet
from steps.core import (
    bagging,
    bins,
    columns,
    ensembles,
    estimators,
    evaluation,
    experiments,
    gating,
    importance,
    page,
    plots,
    prediction,
    price_unit,
    regressors,
    scaling,
    search,
    segments,
    stability,
)
from steps.core.columns import Matrix, prices, target_name
from steps.core.compute import LOCAL, Compute
from steps.core.estimators import estimator
from steps.core.evaluation import as_frame, cross_validated, errors, out_of_fold
from steps.core.experiments import Experiment, ExperimentResult, Validation
from steps.core.importance import FEATURE, rank, sample, shap_values
from steps.core.page import Reading
from steps.core.plots import figures_page, predicted_versus_true, residuals, search_scores, shap_bar, shap_summary
from steps.core.prediction import load_booster, predict
from steps.core.regressors import plain, regressor
from steps.core.scaling import FittedScaler, restrict, scale
from steps.core.search import (
    Fitted,
    Scaled,
    booster_bytes,
    fit_side_by_side,
    found,
    randomized_search,
    refitted,
    scores,
)
from steps.core.stability import FeatureSelection, borderline, choice_of
from steps.terminal.tasks import task
from steps.tracking import experiment_data, experiment_record
from steps.tracking.experiment_data import Origin, log_datasets
from steps.tracking.experiment_record import record, record_choice
from steps.tracking.runs import autologging, git_commit, run_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = get_logger(__name__)
READING = Reading(
    what="The model that this experiment fitted on the training rows: its prices beside the true ones, what is left "
    "over, and what its features do.",
    good="Test rows lie as near the line as training rows do, and what is left has no shape.",
    act="Training rows much nearer: it is overfitted. A shape in what is left: a feature is missing. Dots along one "
    "true price at the top are capped homes, which no model can price.",
)


@step(
    cache_policy=CachePolicy(
        source_dependencies=[
            *(
                bagging,
                bins,
                columns,
                ensembles,
                estimators,
                evaluation,
                experiments,
                gating,
                importance,
                page,
                plots,
                prediction,
                price_unit,
                regressors,
                scaling,
                search,
                segments,
                stability,
            ),
            experiment_data,
            experiment_record,
            *(f"steps.run_experiment.{function}" for function in ("conduct", "fit", "measure", "draw")),
        ]
    ),
    output_materializers={"{experiment}_model": BoosterMaterializer, "{experiment}_out_of_fold": FrameMaterializer},
)
def run_experiment(
    train: pd.DataFrame,
    test: pd.DataFrame,
    scaler: FittedScaler,
    ranking: pd.DataFrame,
    feature_selection: FeatureSelection,
    training_set: TrainingSet,
    data_fingerprint: str,
    meanings: dict[str, dict[str, str]],
    mlflow_experiment: str,  # noqa: ARG001  # a part of the cache key
    experiment: Experiment,
    validation: Validation,
    compute: Compute,
) -> tuple[
    Annotated[ExperimentResult, ArtifactConfig(name="{experiment}_result")],
    Annotated[bytes, ArtifactConfig(name="{experiment}_model")],
    Annotated[HTMLString, ArtifactConfig(name="{experiment}_plots")],
    Annotated[pd.DataFrame, ArtifactConfig(name="{experiment}_out_of_fold")],
]:
    """What came out, the booster in XGBoost's own format, a page of plots, and what it says of rows it has not seen.

    Args:
        meanings: description, unit and allowed values of each column.
        mlflow_experiment: which MLflow store keeps the runs; another one makes the experiment run anew.
    """
    tags = {
        "data_fingerprint": data_fingerprint,
        "feature_service": training_set.feature_service,
        "zenml_run": str(get_step_context().pipeline_run.id),
    }
    choice = choice_of(experiment, ranking, feature_selection)
    origin = Origin(training_set=training_set, data_fingerprint=data_fingerprint, columns=meanings)
    result, model, plots_page, left_out = conduct(
        train, test, scaler, ranking[FEATURE].tolist(), experiment, validation, tags, compute, choice, origin
    )
    logger.info("%s: %s", experiment.name, result.summary)
    unsure = {} if choice is None else borderline(choice)
    if unsure:
        named = ", ".join(f"{name} ({share:.0%} of the resamples)" for name, share in unsure.items())
        logger.warning("%s: its features are a close choice, borderline: %s", experiment.name, named)
    log_metadata(
        {
            "features": list(result.features),
            "borderline": list(unsure),
            **result.metrics,
            **result.seconds,
            "mlflow_run": result.mlflow_run_id,
        }
    )
    return result, model, HTMLString(plots_page), left_out


def conduct(
    train: pd.DataFrame,
    test: pd.DataFrame,
    scaler: FittedScaler,
    ranking: list[str],
    experiment: Experiment,
    validation: Validation,
    tags: dict[str, str],
    compute: Compute = LOCAL,
    choice: pd.DataFrame | None = None,
    origin: Origin | None = None,
) -> tuple[ExperimentResult, bytes, str, pd.DataFrame]:
    """What came out of the experiment, its booster, a page of plots, and its out-of-fold predictions.

    A run in MLflow has the first three.

    Args:
        ranking: all features, the most important first.
        tags: of the run, besides the commit.
        compute: where a search's fits run.
        choice: how sure the choice of its features is (steps.core.stability); none if it was not examined.
        origin: of the houses; none: MLflow is not told, and the unit of the price is not known.
    """
    settings, started = read_settings(), time.perf_counter()
    meanings = origin.columns if origin else {}
    unit = price_unit.price_unit(meanings, target_name(train))
    own_scaler = restrict(scaler, experiment.choose(ranking, scaler.features))
    with run_of(experiment.name, settings, {**tags, "git_commit": git_commit(settings.root)}) as run_id:
        X, y = scale(train, own_scaler), prices(train)
        fitted = fit(experiment, X, y, own_scaler, validation.model_seed, compute)
        booster = booster_bytes(fitted.model, own_scaler.features)
        left_out = out_of_fold(estimator(fitted.parameters, validation.model_seed, own_scaler), X, y, validation)
        metrics = {**cross_validated(y, left_out, validation), **measure(fitted, own_scaler, train, test)}
        seconds = {"search": fitted.seconds, "total": time.perf_counter() - started}
        figures = draw(booster, own_scaler, train, test, unit)
        if fitted.scores:
            figures["search scores"] = search_scores(*fitted.scores, unit)
        model_uri = record(
            experiment,
            validation,
            fitted,
            own_scaler,
            train,
            metrics,
            seconds,
            figures,
            meanings,
        )
        if origin is not None:
            log_datasets(origin, train, test, ranking)
        record_choice(choice)
    result = ExperimentResult(
        name=experiment.name,
        features=own_scaler.features,
        parameters=fitted.parameters,
        metrics=metrics,
        seconds=seconds,
        model_digest=digest(booster),
        mlflow_run_id=run_id,
        model_uri=model_uri,
        unit=unit,
    )
    title = f"{experiment.name}: fitted on {len(train)} houses, tested on {len(test)}"
    return result, booster, figures_page(title, READING, figures), as_frame(train, left_out)


def fit(
    experiment: Experiment, X: Scaled, y: Matrix, scaler: FittedScaler, seed: int, compute: Compute = LOCAL
) -> Fitted:
    """The experiment's model on all training rows, its parameters searched for if it says so, autologged."""
    started = time.perf_counter()
    parameters = experiment.parameters.given()
    if experiment.search is None:
        parameters = experiment.recorded(parameters)
        # Of several models each would log its parameters over those of the one before, which MLflow refuses.
        with autologging("xgboost") if experiment.is_single else nullcontext():
            model = estimator(parameters, seed, scaler).fit(pd.DataFrame(X, columns=list(scaler.features)), y)
        return Fitted(plain(model), parameters, {}, time.perf_counter() - started)
    fits = experiment.search.iterations * experiment.search.folds
    with autologging("sklearn"), task(experiment.name, fits, "fits") as tell:
        candidates = randomized_search(
            regressor(parameters, seed), experiment.search, seed, tell if compute == LOCAL else None
        )
        fit_side_by_side(candidates, X, y, compute)
    best = {"search_rmse": float(-candidates.best_score_)}
    model = refitted(experiment, candidates, X, y, scaler, seed)
    return Fitted(model, found(experiment, candidates), best, time.perf_counter() - started, scores(candidates))


def measure(fitted: Fitted, scaler: FittedScaler, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, float]:
    """The metrics of an `ExperimentResult` besides the cross-validated ones."""
    X, y = scale(train, scaler), prices(train)
    return {
        **errors(y, fitted.model.predict(X), "train"),
        **errors(prices(test), fitted.model.predict(scale(test, scaler)), "test"),
        **fitted.search_rmse,
    }


def draw(model: bytes, scaler: FittedScaler, train: pd.DataFrame, test: pd.DataFrame, unit: str) -> dict[str, "Figure"]:
    """The plots of a model, by name.

    Args:
        unit: of the price.
    """
    sets = {"training rows": train, "test rows": test}
    predictions = {name: (prices(rows), predict(model, scaler, rows)) for name, rows in sets.items()}
    shown = train.iloc[sample(len(train))]
    values = shap_values(load_booster(model), scale(shown, scaler), scaler.features)
    return {
        "predicted versus true": predicted_versus_true(predictions, unit),
        "residuals": residuals(predictions, unit),
        "SHAP summary": shap_summary(values, shown[list(scaler.features)], unit),
        "SHAP bar": shap_bar(rank(values, scaler.features), unit),
    }
