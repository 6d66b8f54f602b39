"""What goes into the bundle of a registered version, and whether one is there already."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from zenml.logger import get_logger

from serving.bundle import MODEL as MODEL_FILE
from serving.bundle import ONNX, REFERENCE_ERRORS, REFERENCE_PROFILE, SCALER, SCHEMA, Metadata, read_bundle
from serving.contract import ALL_FEATURES, HOUSE_TARGET, read_feature_service, read_feature_view
from serving.errors import BundleError
from serving.pricing.intervals import INTERVALS
from serving.settings import Settings
from steps.core.columns import target_name
from steps.core.evaluation import left_out_predictions
from steps.core.experiments import ExperimentResult
from steps.core.fingerprint import HOUSE_ID
from steps.core.intervals import FittedIntervals
from steps.core.onnx_model import as_onnx
from steps.core.prediction import predict
from steps.core.reference import REFERENCE_SHAP, reference_profile, reference_shap
from steps.core.reference_errors import reference_errors
from steps.core.scaling import FittedScaler, as_bundled
from steps.models.registry import TRAINING_HOUSES
from steps.tracking.runs import MODEL, git_commit

logger = get_logger(__name__)


def has_bundle(folder: Path) -> bool:
    """Whether the folder is a whole bundle; what is there otherwise is moved aside, and what a kill left is removed."""
    for unfinished in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(unfinished)
    try:
        read_bundle(folder)
    except BundleError as err:
        if folder.exists():
            aside = folder.with_name(f"damaged-{folder.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            logger.warning("%s It is moved to %s.", err, aside.name)
            folder.rename(aside)
        return False
    return True


def describe(
    champion: ExperimentResult,
    intervals: FittedIntervals,
    train: pd.DataFrame,
    data_fingerprint: str,
    zenml_run: str,
    settings: Settings,
    version: str,
) -> Metadata:
    """What the bundle says of itself; the digests are written with the files."""
    store = settings.feature_store()
    specs = [*read_feature_service(store, ALL_FEATURES), *read_feature_view(store, HOUSE_TARGET)]
    target = target_name(train)
    return Metadata(
        schema=SCHEMA,
        model_name=MODEL,
        model_version=version,
        experiment=champion.name,
        feature_service=f"{MODEL.replace('-', '_')}_v{version}",
        features=champion.features,
        target=target,
        units={spec.name: spec.unit for spec in specs if spec.name in (*champion.features, target)},
        metrics=champion.metrics | intervals.metrics,
        parameters=champion.parameters,
        mlflow_run_id=champion.mlflow_run_id,
        zenml_run_id=zenml_run,
        data_fingerprint=data_fingerprint,
        git_commit=git_commit(settings.root),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        derived={spec.name: spec.ratio for spec in specs if spec.ratio and spec.name in champion.features},
    )


def collect_files(
    model: bytes,
    intervals: FittedIntervals,
    scaler: FittedScaler,
    train: pd.DataFrame,
    left_out: pd.DataFrame | None,
) -> dict[str, bytes]:
    """The files of the bundle, by name.

    Args:
        left_out: the out-of-fold predictions of the training rows, as the experiment gives them; None: they are not
            kept, and live errors are held against their mean alone.
    """
    predicted = predict(model, scaler, train)
    files = {
        MODEL_FILE: model,
        ONNX: as_onnx(model),
        SCALER: as_bundled(scaler),
        INTERVALS: intervals.as_bundled(),
        REFERENCE_PROFILE: reference_profile(train, predicted, target_name(train)),
        REFERENCE_SHAP: reference_shap(model, scaler, train),
        TRAINING_HOUSES: json.dumps(sorted(train[HOUSE_ID].tolist())).encode(),
    }
    if left_out is not None:
        files[REFERENCE_ERRORS] = reference_errors(train, left_out_predictions(left_out), scaler.features)
    return files
