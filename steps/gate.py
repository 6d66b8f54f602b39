"""The step that decides whether the champion of the run may serve."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger
from zenml.metadata.metadata_types import MetadataType

from serving.bundle import MODEL, SCALER, read_scaler
from serving.errors import BundleError
from serving.intervals import INTERVALS
from serving.settings import Settings, read_settings
from steps.core.columns import prices
from steps.core.experiments import ExperimentResult
from steps.core.fingerprint import HOUSE_ID
from steps.core.intervals import FittedIntervals
from steps.core.prediction import predict
from steps.core.promotion import Comparison, Incumbent, Promotion, Verdict, check_floors, compare, is_same, judge
from steps.core.scaling import FittedScaler, restrict
from steps.registry import Bundle, champion_version, read_version
from steps.tracking import mlflow_client

logger = get_logger(__name__)


@step(enable_cache=False)
def gate(
    champion: ExperimentResult,
    model: bytes,
    intervals: FittedIntervals,
    scaler: FittedScaler,
    test: pd.DataFrame,
    data_fingerprint: str,
    promotion: Promotion,
) -> Annotated[Verdict, ArtifactConfig(name="verdict")]:
    """Why the champion may serve. If it may not, the run ends here and what serves goes on serving."""
    verdict = decide(champion, model, intervals, scaler, test, data_fingerprint, promotion, read_settings())
    logger.info("Gate passed: %s", verdict.reason)
    facts: dict[str, MetadataType] = {
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "floors": promotion.model_dump(),
    }
    log_metadata(metadata=facts, infer_artifact=True)
    return verdict


def decide(
    champion: ExperimentResult,
    model: bytes,
    intervals: FittedIntervals,
    scaler: FittedScaler,
    test: pd.DataFrame,
    data_fingerprint: str,
    promotion: Promotion,
    settings: Settings,
) -> Verdict:
    """That the champion may serve, and why.

    Raises:
        GateError: it misses a floor, or is worse than the model that serves.
    """
    check_floors(champion.name, champion.metrics, promotion)
    version = champion_version(mlflow_client())
    if version is None:
        return _promote("the floors are reached, and there is no champion yet")
    try:
        bundle = read_version(settings, version)
    except BundleError as err:
        logger.warning("Version %s cannot be compared with: %s", version, err)
        return _promote(f"the floors are reached, and the bundle of version {version} is lost: {err}")
    incumbent = _incumbent(version, bundle)
    if is_same(champion, data_fingerprint, intervals.digest, incumbent):
        reason = f"it is version {version}, which serves already"
        return Verdict(outcome="unchanged", reason=reason, champion_version=version, comparison=None)
    comparison = _compare(champion, model, restrict(scaler, champion.features), test, bundle, promotion)
    return judge(champion, incumbent, comparison, promotion)


def _promote(reason: str) -> Verdict:
    return Verdict(outcome="promote", reason=reason, champion_version=None, comparison=None)


def _incumbent(version: str, bundle: Bundle) -> Incumbent:
    return Incumbent(
        version=version,
        model_digest=bundle.model_digest,
        data_fingerprint=bundle.metadata.data_fingerprint,
        intervals_digest=bundle.metadata.files.get(INTERVALS),
        features=bundle.metadata.features,
        cv_rmse=bundle.metadata.metrics["cv_rmse"],
    )


def _compare(
    champion: ExperimentResult,
    model: bytes,
    scaler: FittedScaler,
    test: pd.DataFrame,
    bundle: Bundle,
    promotion: Promotion,
) -> Comparison:
    unseen = test[~test[HOUSE_ID].isin(bundle.training_houses)]
    old = read_scaler(bundle.files[SCALER])
    old_scaler = FittedScaler(features=old.features, mean=old.mean, scale=old.scale, houses=len(bundle.training_houses))
    return compare(
        prices(unseen),
        predict(model, scaler, unseen),
        predict(bundle.files[MODEL], old_scaler, unseen),
        (champion.metrics["cv_rmse"], bundle.metadata.metrics["cv_rmse"]),
        promotion.minimum_rows,
    )
