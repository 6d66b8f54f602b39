"""The stack and the configuration of a cluster, as ZenML's own classes take them; no cluster is asked."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.on_cluster import PIPELINES, configuration, main
from steps.core.errors import ConfigurationError
from tests.kubernetes.manifests import OVERLAYS, built, of_kind
from zenml_config.environment import ROOT

ENVIRONMENT = {
    "HPP_CLUSTER_NAMESPACE": "house-prices",
    "HPP_CLUSTER_PIPELINES_IMAGE": "registry.example.org/house-price-pipelines:0.1.0",
    "HPP_CLUSTER_ARTIFACTS": "s3://house-prices/zenml",
    "MLFLOW_TRACKING_URI": "https://mlflow.example.org",
    "MLFLOW_TRACKING_TOKEN": "of the test",
}
FOLDER = ROOT / "zenml_config"


@pytest.fixture
def cluster_stack(zenml_stack: None) -> Iterator[None]:
    """The stack of the cluster, active until the test's end."""
    from zenml_config.cluster_stack import register_cluster_stack
    from zenml_config.stack import register_stack

    try:
        register_cluster_stack(ENVIRONMENT)
        yield
    finally:
        register_stack()


def compiled(name: str, tmp_path: Path) -> Any:
    """What ZenML would send to the cluster."""
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump(configuration(name, FOLDER, ENVIRONMENT)))
    module = import_module(f"pipelines.{name}")
    pipeline = getattr(module, f"{name.removesuffix('s')}_pipeline").with_options(config_path=str(path))
    pipeline.prepare()
    snapshot, *_ = pipeline._compile(**pipeline._run_args)
    return snapshot


def without_nothing(node: Any) -> Any:
    """Without fields that are null: ZenML leaves some in its security contexts, under names that the server drops."""
    if isinstance(node, dict):
        return {key: without_nothing(value) for key, value in node.items() if value is not None}
    return [without_nothing(one) for one in node] if isinstance(node, list) else node


@pytest.mark.usefixtures("cluster_stack")
def test_the_stack_is_one_that_zenml_accepts_and_registering_it_again_changes_nothing() -> None:
    from zenml.client import Client

    from zenml_config.cluster_stack import STACK, register_cluster_stack

    before = Client().active_stack_model
    stack = Client().active_stack
    stack.validate()
    assert (before.name, stack.orchestrator.flavor, stack.artifact_store.flavor) == (STACK, "kubernetes", "s3")
    assert stack.artifact_store.path == "s3://house-prices/zenml"
    assert stack.container_registry is not None
    assert stack.container_registry.config.uri == "registry.example.org"
    register_cluster_stack(ENVIRONMENT)
    after = Client().active_stack_model
    assert (after.id, after.updated) == (before.id, before.updated)


@pytest.mark.usefixtures("cluster_stack")
@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_compiles_for_the_cluster_as_it_is(name: str, tmp_path: Path) -> None:
    from zenml.integrations.kubernetes.flavors.kubernetes_orchestrator_flavor import KubernetesOrchestratorSettings

    steps = compiled(name, tmp_path).step_configurations
    named = configuration(name, FOLDER, ENVIRONMENT).get("steps", {})
    assert named.keys() <= steps.keys()  # ZenML leaves out blocks of steps that do not exist, in silence
    for step, compiled_step in steps.items():
        resources = compiled_step.config.resource_settings
        wanted = named.get(step, {}).get("settings", {}).get("resources", {"cpu_count": 1, "memory": "2GiB"})
        assert (resources.cpu_count, resources.memory) == (wanted["cpu_count"], wanted["memory"])
        docker = compiled_step.config.docker_settings
        assert (docker.skip_build, docker.parent_image) == (True, ENVIRONMENT["HPP_CLUSTER_PIPELINES_IMAGE"])
        (kept,) = [one for key, one in compiled_step.config.settings.items() if key.startswith("orchestrator")]
        settings = KubernetesOrchestratorSettings.model_validate(kept.model_dump())
        assert settings.step_pod_service_account_name == "house-price-pipelines"


@pytest.mark.usefixtures("cluster_stack")
def test_the_pod_of_a_step_is_one_that_kubernetes_accepts_and_that_names_what_the_overlays_have(
    tmp_path: Path,
) -> None:
    import kubernetes_validate
    from kubernetes.client import ApiClient
    from zenml.integrations.kubernetes.flavors.kubernetes_orchestrator_flavor import KubernetesOrchestratorSettings
    from zenml.integrations.kubernetes.manifest_utils import build_pod_manifest

    given = configuration("training", FOLDER, ENVIRONMENT)["settings"]["orchestrator.kubernetes"]
    settings = KubernetesOrchestratorSettings.model_validate(given)
    manifest = build_pod_manifest(
        pod_name="step", image_name="image:1", command=["python"], args=[], privileged=False,
        pod_settings=settings.pod_settings, service_account_name=settings.step_pod_service_account_name,
    )  # fmt: skip
    pod = without_nothing(ApiClient().sanitize_for_serialization(manifest))
    kubernetes_validate.validate({"apiVersion": "v1", "kind": "Pod", **pod}, "1.29", strict=True)
    spec, overlay = pod["spec"], built(OVERLAYS[0])
    assert spec["serviceAccountName"] in of_kind(overlay, "ServiceAccount")
    assert spec["securityContext"]["runAsNonRoot"] is True
    claims = {one["persistentVolumeClaim"]["claimName"] for one in spec["volumes"] if "persistentVolumeClaim" in one}
    assert claims <= of_kind(overlay, "PersistentVolumeClaim").keys()
    (door,) = [one for one in of_kind(overlay, "NetworkPolicy").values() if one["metadata"]["name"] == "pipelines"]
    assert door["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    settings_map = of_kind(overlay, "ConfigMap")["house-price-settings"]["data"]
    mounts = {one["mountPath"] for one in spec["containers"][0]["volumeMounts"]}
    assert {settings_map["HPP_VAR_DIR"], f"{settings_map['HPP_VAR_DIR']}/deployment-api-key"} <= mounts
    assert str(Path(settings_map["HPP_CLUSTER_TEMPLATE"]).parent) in mounts


def test_what_is_served_from_the_cluster_is_deployed_to_the_cluster() -> None:
    found = configuration("deployment", FOLDER, ENVIRONMENT)["parameters"]
    own = yaml.safe_load((FOLDER / "deployment.yaml").read_text())["parameters"]
    assert found["target"] == own["target"] | {"place": "kubernetes"}
    assert {key: value for key, value in found.items() if key != "target"} == {
        key: value for key, value in own.items() if key != "target"
    }


def test_the_image_of_the_pipelines_is_the_overlays() -> None:
    for overlay in OVERLAYS:
        documents = built(overlay)
        job = of_kind(documents, "CronJob")["house-price-retraining"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        settings = of_kind(documents, "ConfigMap")["house-price-settings"]["data"]
        assert settings["HPP_CLUSTER_PIPELINES_IMAGE"] == job["containers"][0]["image"]


def test_a_variable_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError, match="HPP_CLUSTER_PIPELINES_IMAGE is not set"):
        configuration("training", FOLDER, {**ENVIRONMENT, "HPP_CLUSTER_PIPELINES_IMAGE": ""})


def test_a_stack_without_a_place_for_its_artifacts_is_not_registered() -> None:
    from zenml_config.cluster_stack import components

    with pytest.raises(SystemExit, match="HPP_CLUSTER_ARTIFACTS: not set"):
        components({**ENVIRONMENT, "HPP_CLUSTER_ARTIFACTS": ""})


def test_a_pipeline_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["trainings"])
    assert "invalid choice: 'trainings'" in capsys.readouterr().err
