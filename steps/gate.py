"""The step that decides whether the champion of the run may serve."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger
from zenml.metadata.metadata_types import MetadataType
from zenml.types import HTMLString

from serving.errors import BundleError
from serving.pricing.intervals import INTERVALS
from serving.settings import Settings, read_settings
from steps.artifacts.materializers import FrameMaterializer
from steps.core.columns import Matrix, as_defined, feature_names, prices
from steps.core.estimators import estimator
from steps.core.evaluation import left_out_predictions, out_of_fold
from steps.core.experiments import ExperimentResult, Validation
from steps.core.fingerprint import HOUSE_ID
from steps.core.intervals import FittedIntervals
from steps.core.paired import paired_test, pooled_rmse
from steps.core.promotion import Evidence, Incumbent, Promotion, Verdict, check_floors, judge, without_comparison
from steps.core.promotion_report import promotion_page, row_errors
from steps.core.scaling import FittedScaler, fit_scaler, restrict, scale
from steps.models.registry import Bundle, champion_version, read_version
from steps.tracking.runs import mlflow_client

logger = get_logger(__name__)


@step(enable_cache=False, output_materializers={"promotion_errors": FrameMaterializer})
def gate(
    champion: ExperimentResult,
    left_out: pd.DataFrame,
    intervals: FittedIntervals,
    scaler: FittedScaler,
    train: pd.DataFrame,
    data_fingerprint: str,
    validation: Validation,
    promotion: Promotion,
) -> tuple[
    Annotated[Verdict, ArtifactConfig(name="verdict")],
    Annotated[pd.DataFrame, ArtifactConfig(name="promotion_errors")],
    Annotated[HTMLString, ArtifactConfig(name="promotion_decision")],
]:
    """Whether the champion of the run takes the serving one's place; both models' errors by house; a page of it.

    If it misses a floor the run ends here and what serves goes on serving.
    """
    verdict, errors = decide(
        champion, left_out, intervals, scaler, train, data_fingerprint, validation, promotion, read_settings()
    )
    logger.info("Gate: %s (%s): %s", verdict.outcome, verdict.rule, verdict.reason)
    facts: dict[str, MetadataType] = {
        "outcome": verdict.outcome,
        "rule": verdict.rule,
        "reason": verdict.reason,
        "settings": promotion.model_dump(),
    }
    if verdict.evidence is not None:
        facts |= verdict.evidence.model_dump()
    log_metadata(metadata=facts, artifact_name="verdict", infer_artifact=True)
    return verdict, errors, HTMLString(promotion_page(verdict, errors, champion.unit))


def decide(
    champion: ExperimentResult,
    left_out: pd.DataFrame,
    intervals: FittedIntervals,
    scaler: FittedScaler,
    train: pd.DataFrame,
    data_fingerprint: str,
    validation: Validation,
    promotion: Promotion,
    settings: Settings,
) -> tuple[Verdict, pd.DataFrame]:
    """The verdict, and both models' out-of-fold errors by house.

    Args:
        left_out: the champion's out-of-fold predictions of the training rows, in the folds of `validation`.

    Raises:
        GateError: it misses a floor.
    """
    check_floors(champion.name, champion.metrics, promotion)
    truth, own = prices(train), left_out_predictions(left_out)
    alone = row_errors(train[[HOUSE_ID]], truth, own, None)
    version = champion_version(mlflow_client())
    if version is None:
        reason = "the floors are reached, and there is no champion yet"
        return Verdict(outcome="promote", rule="first", reason=reason, champion_version=None), alone
    try:
        bundle = read_version(settings, version)
    except BundleError as err:
        logger.warning("Version %s cannot be compared with: %s", version, err)
        reason = f"the floors are reached, and the bundle of version {version} is lost: {err}"
        return Verdict(outcome="promote", rule="lost", reason=reason, champion_version=None), alone
    incumbent = _incumbent(version, bundle)
    rows, old_scaler = _as_it_was_defined(bundle, scaler, train)
    known = frozenset(feature_names(rows))
    verdict = without_comparison(champion, data_fingerprint, intervals.digest, incumbent, known)
    if verdict is not None:
        return verdict, alone
    theirs = _left_out(incumbent, old_scaler, rows, validation)
    evidence = _evidence(truth, own, theirs, promotion)
    verdict = judge(champion, data_fingerprint, incumbent, evidence, promotion)
    return verdict, row_errors(train[[HOUSE_ID]], truth, own, theirs)


def _incumbent(version: str, bundle: Bundle) -> Incumbent:
    return Incumbent(
        version=version,
        model_digest=bundle.model_digest,
        data_fingerprint=bundle.metadata.data_fingerprint,
        intervals_digest=bundle.metadata.files.get(INTERVALS),
        features=bundle.metadata.features,
        parameters=bundle.metadata.parameters,
    )


def _as_it_was_defined(bundle: Bundle, scaler: FittedScaler, train: pd.DataFrame) -> tuple[pd.DataFrame, FittedScaler]:
    """The rows and their scaler with the derived features of the bundle's own definitions."""
    if not bundle.metadata.derived:
        return train, scaler
    rows = as_defined(train, bundle.metadata.derived)
    return rows, fit_scaler(rows)


def _left_out(incumbent: Incumbent, scaler: FittedScaler, train: pd.DataFrame, validation: Validation) -> Matrix:
    """What the incumbent's procedure, fitted again in the folds of today's data, says of the rows left out."""
    own = restrict(scaler, incumbent.features)
    model = estimator(incumbent.parameters, validation.model_seed, own)
    return out_of_fold(model, scale(train, own), prices(train), validation)


def _evidence(truth: Matrix, own: Matrix, theirs: Matrix, promotion: Promotion) -> Evidence:
    test = paired_test(truth, theirs, own, promotion.alpha, promotion.margin, promotion.not_worse_margin)
    mine, old = (float(pooled_rmse(truth, side).mean()) for side in (own, theirs))
    return Evidence(challenger_rmse=mine, champion_rmse=old, test=test)
