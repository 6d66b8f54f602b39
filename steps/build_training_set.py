"""The step that gets from Feast what was known of every house when its price became known."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import AwareDatetime, BaseModel, ConfigDict
from zenml import ArtifactConfig, log_metadata, step

from serving.contract import HOUSE_TARGET, FeatureSpec, read_feature_service
from serving.settings import Settings, read_settings
from steps.artifacts.materializers import FrameMaterializer
from steps.artifacts.page_materializer import PageMaterializer
from steps.core.errors import DataError
from steps.core.fingerprint import HOUSE_ID, fingerprint
from steps.core.point_in_time import PointInTimeReport, check_no_future
from steps.core.spine import complete, spine
from steps.feature_store.offline_store import history_path, read_history
from steps.feature_store.point_in_time import PointInTime, point_in_time
from steps.tracking.runs import mlflow_client, open_experiment

if TYPE_CHECKING:
    from feast import FeatureStore


class TrainingSet(BaseModel):
    """Where the training set comes from.

    Attributes:
        feature_service: of Feast: the features, then the price.
        expired: what becomes of a house whose features were older than their view's ttl when its price became known:
            refuse the run, or keep the house with missing features.
        as_of: what was written later does not count, so that a training set of then can be built again; None for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_service: str
    expired: Literal["refuse", "keep"]
    as_of: AwareDatetime | None


@step(
    enable_cache=False,
    output_materializers={"training_set": FrameMaterializer, "point_in_time": PageMaterializer},
)
def build_training_set(
    training_set: TrainingSet,
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="training_set")],
    Annotated[str, ArtifactConfig(name="data_fingerprint")],
    Annotated[str, ArtifactConfig(name="mlflow_experiment")],
    Annotated[list[str], ArtifactConfig(name="derived_features")],
    Annotated[dict[str, dict[str, str]], ArtifactConfig(name="column_meanings")],
    Annotated[PointInTimeReport, ArtifactConfig(name="point_in_time")],
]:
    """The houses by id with features as of the time of their price, what identifies them, and where runs are kept.

    The third is the identity of the MLflow experiment, made if need be: the experiments come from the cache only as
    long as the MLflow store that holds their runs is the same. The fourth is which of the features are derived: they
    follow from the others and do not identify the data. The fifth is each column's description, unit and allowed
    values, the last what became of the question to Feast.
    """
    settings = read_settings()
    houses, report = read_training_set(settings, training_set)
    derived = derived_features(settings, training_set.feature_service)
    specs = read_feature_service(settings.feature_store(), training_set.feature_service)
    meanings = {
        spec.name: {"description": spec.description, "unit": spec.unit, "allowed": spec.allowed} for spec in specs
    }
    stored = houses.drop(columns=derived)
    identity = fingerprint(stored)
    experiment = open_experiment(mlflow_client(), settings)
    log_metadata(
        metadata={
            "feature_service": training_set.feature_service,
            "fingerprint": identity,
            "houses": len(houses),
            "missing_values": int(stored.isna().to_numpy().sum()),
            "point_in_time": report.model_dump(),
        },
        artifact_name="training_set",
        infer_artifact=True,
    )
    identity_of_runs = f"{experiment.experiment_id} of {experiment.creation_time}"
    return houses, identity, identity_of_runs, derived, meanings, report


def derived_features(settings: Settings, feature_service: str) -> list[str]:
    """The names of the service's features that are computed from others, in its order."""
    return [spec.name for spec in read_feature_service(settings.feature_store(), feature_service) if spec.ratio]


def read_training_set(settings: Settings, training_set: TrainingSet) -> tuple[pd.DataFrame, PointInTimeReport]:
    """`house_id`, the features and the price of every house that has a price, by `house_id`, and what became of them.

    Raises:
        DataError: nothing is published yet, Feast's answer is not whole, or it saw the future.
        ContractError: the feature service is unknown.
        ConfigurationError: `as_of` is asked of an offline store that cannot.
    """
    store = settings.feature_store()
    specs = read_feature_service(store, training_set.feature_service)
    asked = _asked(store, settings, training_set.as_of)
    service = store.get_feature_service(training_set.feature_service)
    answer = point_in_time(store, service, asked, training_set.as_of)
    _check_target_is_last(answer)
    houses = complete(
        answer.rows, [s.name for s in specs], _required(specs), answer.expired, training_set.expired == "keep"
    )
    return houses, answer.report


def _asked(store: "FeatureStore", settings: Settings, as_of: datetime | None) -> pd.DataFrame:
    target = store.get_feature_view(HOUSE_TARGET).features[0].name
    asked = spine(read_history(history_path(settings.offline_dir, HOUSE_TARGET), [target]), as_of)
    if asked.empty:
        raise DataError(
            f"There are no prices in {settings.offline_dir}{f' as of {as_of.isoformat()}' if as_of else ''}. "
            "Publish houses first: "
            "`zenml pipeline run pipelines.features.feature_pipeline -c zenml_config/features.yaml`."
        )
    return asked


def _check_target_is_last(answer: PointInTime) -> None:
    """Nothing, if no feature was observed after the price that it shall explain became known, whatever was asked."""
    prices = answer.observed.get(HOUSE_TARGET)
    if prices is not None:
        features = {view: times for view, times in answer.observed.items() if view != HOUSE_TARGET}
        check_no_future(features, np.asarray(prices), answer.rows, HOUSE_ID)


def _required(specs: tuple[FeatureSpec, ...]) -> list[str]:
    return [spec.name for spec in specs if not spec.nullable]
