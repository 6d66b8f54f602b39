"""The ZenML stack of a cluster: Kubernetes runs the steps, S3 keeps the artifacts, MLflow is tracker and registry.

`python -m zenml_config.cluster_stack` registers it on the ZenML server that ZENML_STORE_URL names and makes it the
active one; doing so again changes nothing.
"""

import os
from collections.abc import Mapping
from typing import Any

from zenml.client import Client
from zenml.enums import StackComponentType

from zenml_config.tracker import keep_token, tracker_configuration

STACK = "house_price_cluster"
Component = tuple[StackComponentType, str, str, dict[str, Any]]


def components(environment: Mapping[str, str]) -> list[Component]:
    """Kind, name, flavour and configuration of the parts of the stack.

    Raises:
        SystemExit: a variable is empty that says where a part is.
    """
    named = {name: environment.get(f"HPP_CLUSTER_{name}", "") for name in ("NAMESPACE", "ARTIFACTS", "PIPELINES_IMAGE")}
    if empty := [f"HPP_CLUSTER_{name}" for name, value in named.items() if not value]:
        raise SystemExit(f"{', '.join(empty)}: not set. The stack of a cluster needs them: docs/kubernetes.md.")
    tracker = tracker_configuration(environment)
    registry, _, _ = named["PIPELINES_IMAGE"].rpartition("/")
    kinds = StackComponentType
    # In a pod of the cluster; from elsewhere, link the orchestrator to a service connector, or name a context:
    # zenml orchestrator update house_price_kubernetes --kubernetes_context=…
    orchestrator = {"incluster": True, "kubernetes_namespace": named["NAMESPACE"]}
    return [
        (kinds.ORCHESTRATOR, "house_price_kubernetes", "kubernetes", orchestrator),
        (kinds.ARTIFACT_STORE, "house_price_s3", "s3", {"path": named["ARTIFACTS"]}),
        (kinds.CONTAINER_REGISTRY, "house_price_registry", "default", {"uri": registry}),
        # Not used as long as cluster.yaml says skip_build; the orchestrator asks for one.
        (kinds.IMAGE_BUILDER, "house_price_builder", "local", {}),
        (kinds.EXPERIMENT_TRACKER, "house_price_mlflow_tracker", "mlflow", tracker),
        (kinds.MODEL_REGISTRY, "house_price_mlflow_registry", "mlflow", {}),
    ]


def register_cluster_stack(environment: Mapping[str, str]) -> None:
    """Register the stack where it is not what the environment says, and make it the active one."""
    client = Client()
    wanted = components(environment)
    keep_token(client, environment)
    for kind, name, flavour, configuration in wanted:
        known = client.list_stack_components(type=kind, name=name)
        if not known:
            client.create_stack_component(
                name=name, flavor=flavour, component_type=kind, configuration=configuration
            )  # fmt: skip
        elif any(known[0].configuration.get(key) != value for key, value in configuration.items()):
            client.update_stack_component(name, kind, configuration=configuration)
    if not client.list_stacks(name=STACK):
        parts: dict[StackComponentType, Any] = {kind: name for kind, name, _, _ in wanted}
        client.create_stack(name=STACK, components=parts)
    if client.active_stack_model.name != STACK:
        client.activate_stack(STACK)


if __name__ == "__main__":
    register_cluster_stack(os.environ)
