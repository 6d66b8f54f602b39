"""The step that says which model version is to be served, and where its bundle is."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from zenml import log_metadata, step

from serving.bundle import Metadata, read_bundle
from serving.errors import BundleError, ContractError
from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.core.errors import DeploymentError
from steps.core.price_unit import UNKNOWN
from steps.tracking.runs import mlflow_client


class ModelChoice(BaseModel):
    """Which registered model is deployed: the version under an alias."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    name: str
    alias: str


class Champion(BaseModel):
    """A registered model version and its bundle.

    Attributes:
        features: in training order.
        inputs: the stored features that a request needs: those of `features`, and what derived ones are computed from.
        bundle: the bundle's folder.
        metrics: the figures of quality that training wrote down; errors in `unit`.
        unit: of the prices, as the contract named it at training.
    """

    name: str
    version: str
    mlflow_run_id: str
    feature_service: str
    features: list[str]
    inputs: list[str]
    metrics: dict[str, float]
    bundle: str
    unit: str = UNKNOWN  # champions of earlier runs do not say it


@step(enable_cache=False, output_materializers=PageMaterializer)
def find_champion(model: ModelChoice) -> Annotated[Champion, "champion"]:
    """The version that holds the alias in the model registry, its bundle checked."""
    champion = read_champion(model, read_settings())
    log_metadata(metadata=champion.model_dump(exclude={"features", "inputs"}), infer_artifact=True)
    return champion


def read_champion(model: ModelChoice, settings: Settings) -> Champion:
    """The version under the alias; its feature service is in the Feast registry afterwards.

    Raises:
        DeploymentError: no version has the alias, or its bundle is missing or damaged.
    """
    version = _registered_version(model)
    folder = settings.models_dir / f"v{version}"
    try:
        metadata, _ = read_bundle(folder)
    except BundleError as err:
        raise DeploymentError(
            f"Version {version} of {model.name} cannot be deployed. {err.info} If it was retired, bring it "
            f"back: python -m steps.retire_models --restore {version}."
        ) from err
    _ensure_feature_service(metadata.feature_service, settings)
    return from_metadata(metadata, folder)


def from_metadata(metadata: Metadata, folder: Path) -> Champion:
    """The version that a bundle is of."""
    return Champion(
        name=metadata.model_name,
        version=metadata.model_version,
        mlflow_run_id=metadata.mlflow_run_id,
        feature_service=metadata.feature_service,
        features=list(metadata.features),
        inputs=list(metadata.inputs),
        metrics=metadata.metrics,
        bundle=str(folder.resolve()),
        unit=metadata.units.get(metadata.target) or UNKNOWN,
    )


def _registered_version(model: ModelChoice) -> str:
    from mlflow.exceptions import MlflowException

    try:
        return str(mlflow_client().get_model_version_by_alias(model.name, model.alias).version)
    except MlflowException as err:
        raise DeploymentError(
            f"The model registry has no version of {model.name!r} with the alias {model.alias!r} ({err.message}). "
            "Run the training pipeline first: zenml_config/training.yaml."
        ) from err


def _ensure_feature_service(name: str, settings: Settings) -> None:
    """A training run that was killed after it wrote the bundle may not have applied its feature service."""
    from serving.contract import read_feature_service
    from steps.feature_store.definitions import apply_definitions

    try:
        read_feature_service(settings.feature_store(), name)
    except ContractError:
        apply_definitions(settings)
