"""The registered versions of the model, in MLflow and as bundles."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from serving.bundle import MODEL as MODEL_FILE
from serving.bundle import Metadata, read_bundle
from serving.settings import Settings
from steps.tracking.runs import ALIAS, MODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

TRAINING_HOUSES = "training_houses.json"
RETIRED = "retired"  # the tag of a version whose bundle was removed (steps.retire_models); its value is the time


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle with its digests checked."""

    metadata: Metadata
    files: dict[str, bytes]

    @property
    def training_houses(self) -> frozenset[int]:
        """The ids of the houses that the model was trained on; none if the bundle does not say."""
        return frozenset(json.loads(self.files.get(TRAINING_HOUSES, b"[]")))

    @property
    def model_digest(self) -> str:
        """The SHA-256 of the booster."""
        return self.metadata.files[MODEL_FILE]


def bundle_folder(settings: Settings, version: str) -> Path:
    """Where the bundle of a version lies."""
    return settings.models_dir / f"v{version}"


def champion_version(client: "MlflowClient") -> str | None:
    """The registered version that serves, or None: there is none yet."""
    return version_under(client, ALIAS)


def version_under(client: "MlflowClient", alias: str) -> str | None:
    """The registered version with the alias, or None."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode

    try:
        return str(client.get_model_version_by_alias(MODEL, alias).version)
    except MlflowException as err:
        if err.error_code in {ErrorCode.Name(code) for code in (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)}:
            return None
        raise


def read_version(settings: Settings, version: str) -> Bundle:
    """The bundle of a version.

    Raises:
        BundleError: there is none, or it is not whole.
    """
    return Bundle(*read_bundle(bundle_folder(settings, version)))


def versions(client: "MlflowClient") -> "list[ModelVersion]":
    """All registered versions, the newest first."""
    known = client.search_model_versions(f"name = '{MODEL}'", max_results=1000)
    return sorted(known, key=lambda version: int(version.version), reverse=True)
