"""The step that gets from Feast what was known of every house when its price became known."""

import contextlib
import io
from typing import TYPE_CHECKING, Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict
from zenml import ArtifactConfig, log_metadata, step

from serving.contract import HOUSE_TARGET, FeatureSpec, read_feature_service
from serving.settings import Settings, read_settings
from steps.core.errors import DataError
from steps.core.fingerprint import fingerprint
from steps.core.spine import complete, spine
from steps.materializers import FrameMaterializer
from steps.offline_store import history_path, read_history
from steps.tracking import mlflow_client, open_experiment

if TYPE_CHECKING:
    from feast import FeatureStore


class TrainingSet(BaseModel):
    """Where the training set comes from.

    Attributes:
        feature_service: of Feast: the features, then the price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_service: str


@step(enable_cache=False, output_materializers={"training_set": FrameMaterializer})
def build_training_set(
    training_set: TrainingSet,
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="training_set")],
    Annotated[str, ArtifactConfig(name="data_fingerprint")],
    Annotated[str, ArtifactConfig(name="mlflow_experiment")],
]:
    """The houses by id with features as of the time of their price, what identifies them, and where runs are kept.

    The third is the identity of the MLflow experiment, made if need be: the experiments come from the cache only as
    long as the MLflow store that holds their runs is the same.
    """
    settings = read_settings()
    houses = read_training_set(settings, training_set.feature_service)
    identity = fingerprint(houses)
    experiment = open_experiment(mlflow_client(), settings)
    log_metadata(
        metadata={
            "feature_service": training_set.feature_service,
            "fingerprint": identity,
            "houses": len(houses),
            "missing_values": int(houses.isna().to_numpy().sum()),
        },
        artifact_name="training_set",
        infer_artifact=True,
    )
    return houses, identity, f"{experiment.experiment_id} of {experiment.creation_time}"


def read_training_set(settings: Settings, feature_service: str) -> pd.DataFrame:
    """`house_id`, the features and the price of every house that has a price, by `house_id`.

    Raises:
        DataError: nothing is published yet, or Feast's answer is not whole.
        ContractError: the feature service is unknown.
    """
    store = settings.feature_store()
    specs = read_feature_service(store, feature_service)
    target = store.get_feature_view(HOUSE_TARGET).features[0].name
    known = read_history(history_path(settings.offline_dir, HOUSE_TARGET), [target])
    if known.empty:
        raise DataError(
            f"There are no prices in {settings.offline_dir}. Publish houses first: "
            "`zenml pipeline run pipelines.features.feature_pipeline -c zenml_config/features.yaml`."
        )
    asked = spine(known)
    return complete(_ask(store, feature_service, asked), asked, [s.name for s in specs], _required(specs))


def _required(specs: tuple[FeatureSpec, ...]) -> list[str]:
    return [spec.name for spec in specs if not spec.nullable]


def _ask(store: "FeatureStore", feature_service: str, asked: pd.DataFrame) -> pd.DataFrame:
    # Feast prints progress.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        job = store.get_historical_features(entity_df=asked, features=store.get_feature_service(feature_service))
        answer: pd.DataFrame = job.to_df()
    return answer
