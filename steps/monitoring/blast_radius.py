"""What depends on a feature: feature services in Feast, model versions in MLflow."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from serving.bundle import read_metadata
from serving.contract import read_feature_service
from serving.errors import BundleError
from serving.settings import Settings
from steps.models.registry import RETIRED, bundle_folder, versions
from steps.tracking.runs import MODEL, mlflow_client

if TYPE_CHECKING:
    from feast import FeatureStore


def affected_services(features: Collection[str], settings: Settings) -> tuple[str, ...]:
    """The feature services that hand out one of the features, or a ratio that is computed from one."""
    store = settings.feature_store()
    return tuple(
        name
        for name in sorted(service.name for service in store.list_feature_services())
        if _served(store, name) & set(features)
    )


def affected_versions(features: Collection[str], settings: Settings) -> tuple[str, ...]:
    """The registered versions with a bundle that need one of the features, the newest first, with their aliases."""
    client = mlflow_client()
    known = client.get_registered_model(MODEL)
    names: dict[str, list[str]] = {}
    for alias, version in known.aliases.items():
        names.setdefault(str(version), []).append(alias)
    found = []
    for one in versions(client):
        try:
            metadata = read_metadata(bundle_folder(settings, str(one.version)))
        except BundleError:  # it was retired, or its run was stopped: it is never served
            continue
        if RETIRED not in one.tags and {*metadata.features, *metadata.inputs} & set(features):
            aliases = f" ({', '.join(sorted(names[str(one.version)]))})" if str(one.version) in names else ""
            found.append(f"{one.version}{aliases}")
    return tuple(found)


def _served(store: "FeatureStore", service: str) -> set[str]:
    """The features of a service, and what its computed ones are computed from."""
    specs = read_feature_service(store, service)
    parts = (spec.ratio.parts for spec in specs if spec.ratio)
    return {spec.name for spec in specs}.union(*parts)
