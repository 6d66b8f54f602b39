"""The model versions that there are, and who needs them."""

from pathlib import Path
from typing import TYPE_CHECKING

from serving import service as services
from serving.bundle import read_metadata
from serving.errors import BundleError
from serving.process.rolling import read_state, read_wanted
from serving.records.hourly import ENDING, FEEDBACK
from serving.records.spool import SPOOL
from serving.rollouts.state import folder_of, read_rollout
from serving.settings import Settings
from steps.core.retirement import Hold, Version, gathered, newest_holds, record_holds
from steps.feature_store.definitions import MODEL_VERSION
from steps.models.registry import RETIRED, versions
from steps.tracking.runs import MODEL

if TYPE_CHECKING:
    from feast import FeatureStore
    from mlflow import MlflowClient


def model_versions(settings: Settings, client: "MlflowClient", store: "FeatureStore") -> list[Version]:
    """Every registered version, the newest first, with what there is of it and what holds it."""
    known = versions(client)
    holds = gathered(
        (
            _aliases(client),
            _served(settings),
            _tried(settings),
            record_holds(_files(settings.profiles_dir / SPOOL), "receipts", settings.receipt_days),
            record_holds(_files(settings.profiles_dir / FEEDBACK), "feedback", settings.receipt_days),
            newest_holds([str(one.version) for one in known], settings.model_versions_kept),
        )
    )
    bundles = {path.name.removeprefix("v") for path in settings.models_dir.glob("v*")}
    served = set(feature_services(store))
    return [
        Version(
            version=(number := str(one.version)),
            has_bundle=number in bundles,
            has_service=number in served,
            is_retired=RETIRED in one.tags,
            holds=holds.get(number, ()),
        )
        for one in known
    ]


def feature_services(store: "FeatureStore") -> dict[str, str]:
    """The names of the feature services of models, by version, as the registry holds them now."""
    store.registry.refresh(store.project)
    return {one.tags[MODEL_VERSION]: one.name for one in store.list_feature_services() if MODEL_VERSION in one.tags}


def _aliases(client: "MlflowClient") -> dict[str, Hold]:
    """Versions by the aliases that they have: champion, challenger and whatever else somebody gave."""
    named: dict[str, list[str]] = {}
    for alias, version in client.get_registered_model(MODEL).aliases.items():
        named.setdefault(str(version), []).append(alias)
    return {
        version: Hold(f"alias {', '.join(sorted(names))} in the model registry") for version, names in named.items()
    }


def _served(settings: Settings) -> dict[str, Hold]:
    """What the services of this machine serve, or were told to take up."""
    found = {}
    for service in services.running(settings):
        hold = Hold(f"served at {service.url}")
        found[service.version] = hold
        folder = Path(service.instance)
        wanted, state = read_wanted(folder), read_state(folder)
        if wanted is not None and (state is None or state.roll != wanted.roll):
            try:
                found[read_metadata(Path(wanted.bundle)).model_version] = Hold(f"being taken up at {service.url}")
            except BundleError:  # the service will refuse it
                continue
    return found


def _tried(settings: Settings) -> dict[str, Hold]:
    """What is tried beside the champion."""
    rollout = read_rollout(folder_of(settings.profiles_dir))
    if rollout is None or not rollout.active:
        return {}
    return {rollout.challenger: Hold(f"tried beside version {rollout.champion} as a {rollout.mode}")}


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(f"v*{ENDING}")]
