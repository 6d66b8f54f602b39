"""The step that finds how wide the champion's prediction intervals must be."""

import time
from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger
from zenml.metadata.metadata_types import MetadataType
from zenml.types import HTMLString

from serving.contract import HOUSE_TARGET, read_feature_view
from serving.pricing.intervals import Intervals
from serving.settings import Settings, read_settings
from steps.core import intervals as core
from steps.core.columns import prices, target_name
from steps.core.evaluation import left_out_predictions
from steps.core.experiments import ExperimentResult
from steps.core.interval_report import coverage_page
from steps.core.intervals import FittedIntervals, IntervalSettings, coverage_metrics
from steps.core.plots import interval_band
from steps.core.prediction import predict
from steps.core.scaling import FittedScaler, restrict
from steps.tracking.runs import mlflow_client

logger = get_logger(__name__)


@step(enable_cache=False)
def fit_intervals(
    champion: ExperimentResult,
    model: bytes,
    left_out: pd.DataFrame,
    scaler: FittedScaler,
    train: pd.DataFrame,
    test: pd.DataFrame,
    intervals: IntervalSettings,
) -> tuple[
    Annotated[FittedIntervals, ArtifactConfig(name="intervals")],
    Annotated[HTMLString, ArtifactConfig(name="interval_coverage")],
]:
    """The table of half-widths with the coverage that it reaches, and a page of it."""
    span = price_range(read_settings(), target_name(train))
    fitted, page = calibrate(champion, model, left_out, scaler, train, test, intervals, span)
    log_in_run(champion.mlflow_run_id, fitted)
    logger.info(
        "Intervals for %.0f %% of the prices: %.1f %% of the test rows are held, mean width %.2f",
        *(100 * fitted.coverage, 100 * fitted.metrics["test_coverage"], fitted.metrics["test_interval_width"]),
    )
    facts: dict[str, MetadataType] = {**fitted.metrics, "houses": fitted.houses, "residuals": fitted.residuals}
    log_metadata(metadata=facts, artifact_name="intervals", infer_artifact=True)
    return fitted, HTMLString(page)


def price_range(settings: Settings, target: str) -> tuple[float, float]:
    """The contract's lowest and highest price."""
    (spec,) = (spec for spec in read_feature_view(settings.feature_store(), HOUSE_TARGET) if spec.name == target)
    return spec.minimum, spec.maximum


def calibrate(
    champion: ExperimentResult,
    model: bytes,
    left_out: pd.DataFrame,
    scaler: FittedScaler,
    train: pd.DataFrame,
    test: pd.DataFrame,
    intervals: IntervalSettings,
    span: tuple[float, float],
) -> tuple[FittedIntervals, str]:
    """The champion's intervals with their metrics, and a page of them.

    They come from the training rows alone: from models with the champion's parameters that were fitted again without
    the fold. The test rows only tell what the intervals are worth.

    Args:
        left_out: what those models say of the training rows, as the experiment gives it.
        scaler: of all features.
        span: the contract's range of the price.
    """
    truth, predictions = prices(train), left_out_predictions(left_out)
    fitted = core.fit_intervals(truth, predictions, intervals, span)
    metrics = fitted.metrics | coverage_metrics(fitted, truth, predictions, "oof")
    predicted = predict(model, restrict(scaler, champion.features), test)
    metrics |= coverage_metrics(fitted, prices(test), predicted, "test")
    fitted = fitted.model_copy(update={"metrics": metrics})
    band = interval_band(truth, predictions[0], Intervals(fitted.as_bundled()).around(predictions[0]), champion.unit)
    return fitted, coverage_page(fitted, band, champion.unit)


def log_in_run(mlflow_run: str, fitted: FittedIntervals) -> None:
    """Write the metrics into the champion's run, which is finished already."""
    from mlflow.entities import Metric

    now = time.time_ns() // 1_000_000
    metrics = [Metric(name, value, now, 0) for name, value in fitted.metrics.items()]
    mlflow_client().log_batch(mlflow_run, metrics)
