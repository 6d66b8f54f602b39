"""The ZenML stack of the platform: local orchestrator, artifacts in a folder or bucket, MLflow as tracker and registry.

Where HPP_ALERT_WEBHOOK is set and the stack has no alerter, it gets ours; one that is there, as Slack's, stays.

`python -m zenml_config.stack` registers it and makes it the active one; doing so again changes nothing.
"""

import logging
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.models import FlavorUpdate

from steps.core.errors import ConfigurationError
from steps.monitoring.webhook_alerter import FLAVOR, WebhookAlerterFlavor
from steps.tracking.runs import quieten
from zenml_config.tracker import keep_token, tracker_configuration

STACK = "house_price_local"
EXPERIMENT_TRACKER = "mlflow_tracker"
MODEL_REGISTRY = "mlflow_registry"
ALERTER = "webhook_alerter"
ALERTER_SOURCE = f"{WebhookAlerterFlavor.__module__}.{WebhookAlerterFlavor.__name__}"


def register_stack() -> None:
    """Register the stack and its MLflow components, where they are not what the environment says, and activate it."""
    with _whole(Path(os.environ["ZENML_LOCAL_STORES_PATH"]) / "default_zen_store"):
        _register(_client())
    uri = os.environ["MLFLOW_TRACKING_URI"]
    if uri.startswith("sqlite:///"):
        with _whole(Path(uri.removeprefix("sqlite:///"))):
            _make_tables(uri)


def _client() -> Client:
    """The client; a new store warns that its active stack is the default one, which it is for a moment only."""
    stores = logging.getLogger("zenml.zen_stores.base_zen_store")
    level = stores.level
    stores.setLevel(logging.ERROR)
    try:
        client = Client()
        client.active_stack_model  # noqa: B018  # what it warns of happens at the first question
        return client
    finally:
        stores.setLevel(level)


@contextmanager
def _whole(store: Path) -> Iterator[None]:
    """Make a local store from anew where a killed process has left half of one: ZenML and MLflow do not mend theirs.

    The mark stands from before the store's first byte until its tables are made, so no run is ever lost with it.
    """
    mark = store.with_name(f".{store.name}.unfinished")
    if mark.exists():
        shutil.rmtree(store) if store.is_dir() else store.unlink(missing_ok=True)
    if not store.exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    yield
    mark.unlink(missing_ok=True)


def _make_tables(uri: str) -> None:
    """Let MLflow make its tables, which it does at the first question."""
    from mlflow import MlflowClient

    quieten()
    MlflowClient(tracking_uri=uri).search_experiments(max_results=1)


def _register(client: Client) -> None:
    keep_token(client, os.environ)
    tracker = tracker_configuration(os.environ)
    moved = _component(client, StackComponentType.EXPERIMENT_TRACKER, EXPERIMENT_TRACKER, tracker)
    _component(client, StackComponentType.MODEL_REGISTRY, MODEL_REGISTRY, {})
    parts: dict[StackComponentType, Any] = {
        StackComponentType.ARTIFACT_STORE: _artifact_store(client, os.environ.get("HPP_ARTIFACT_STORE", "")),
        StackComponentType.EXPERIMENT_TRACKER: EXPERIMENT_TRACKER,
        StackComponentType.MODEL_REGISTRY: MODEL_REGISTRY,
    }
    known = client.list_stacks(name=STACK)
    if not known:
        client.create_stack(name=STACK, components={StackComponentType.ORCHESTRATOR: "default", **parts})
    elif moved := moved or _stores_elsewhere(known[0], parts[StackComponentType.ARTIFACT_STORE]):
        # A process keeps the stack that it has seen until the stack itself, not only a component, is newer and active.
        client.update_stack(STACK, component_updates=parts)
    told = _alerter(client)
    if moved or told or client.active_stack_model.name != STACK:
        client.activate_stack(STACK)


def _alerter(client: Client) -> bool:
    """Whether the stack has got an alerter now."""
    kind = StackComponentType.ALERTER
    known = client.list_flavors(name=FLAVOR, type=kind)
    if known and known[0].source != ALERTER_SOURCE:  # an earlier version of the platform had it in another module
        client.zen_store.update_flavor(known[0].id, FlavorUpdate(source=ALERTER_SOURCE))
    if not os.environ.get("HPP_ALERT_WEBHOOK") or client.get_stack(STACK).components.get(kind):
        return False
    if not known:
        client.create_flavor(source=ALERTER_SOURCE, component_type=kind)
    _component(client, kind, ALERTER, {}, FLAVOR)
    client.update_stack(STACK, component_updates={kind: ALERTER})
    return True


def _artifact_store(client: Client, place: str) -> str:
    """The name of the stack component that keeps artifacts there; one a place, so that earlier ones stay readable.

    Args:
        place: empty: ZenML's own folder; or s3://bucket/folder, whose keys and address come from AWS's variables.

    Raises:
        ConfigurationError: the place is of another kind.
    """
    if not place:
        return "default"
    if not place.startswith("s3://"):
        raise ConfigurationError(
            f"HPP_ARTIFACT_STORE is {place!r}. Wanted s3://bucket/folder, or nothing: artifacts then lie in "
            "ZENML_LOCAL_STORES_PATH."
        )
    name = f"artifacts_{zlib.crc32(place.encode()):08x}"
    _component(client, StackComponentType.ARTIFACT_STORE, name, {"path": place}, "s3")
    return name


def _stores_elsewhere(stack: Any, artifact_store: str) -> bool:
    return [one.name for one in stack.components[StackComponentType.ARTIFACT_STORE]] != [artifact_store]


def _component(
    client: Client, kind: StackComponentType, name: str, configuration: dict[str, Any], flavor: str = "mlflow"
) -> bool:
    """Whether the stack component existed with another configuration; it has this one now."""
    existing = client.list_stack_components(type=kind, name=name)
    if not existing:
        client.create_stack_component(name=name, flavor=flavor, component_type=kind, configuration=configuration)
        return False
    if all(existing[0].configuration.get(key) == value for key, value in configuration.items()):
        return False
    client.update_stack_component(name, kind, configuration=configuration)
    return True


if __name__ == "__main__":
    register_stack()
