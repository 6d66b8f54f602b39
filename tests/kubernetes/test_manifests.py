"""The manifests: they build, their kinds are what the schemas say, and they name what exists."""

import re
from importlib.util import find_spec
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.istio.networking.v1 import Gateway
from cloudcoil.models.istio.security.v1 import AuthorizationPolicy
from cloudcoil.models.prometheus_operator.v1 import PodMonitor, PrometheusRule

from serving.protocol.front import FEEDBACK, PREDICT
from serving.settings import Settings
from tests.kubernetes.manifests import FOLDER, OVERLAYS, TEMPLATES, Document, built, containers, of_kind, pod_spec
from zenml_config.environment import ROOT, read

EVERYTHING = (*OVERLAYS, *TEMPLATES, "gateway")
KUBERNETES = ("1.29", "1.37")  # the oldest and the newest that the manifests are kept for
OTHERS = {"SeldonDeployment", "Gateway", "AuthorizationPolicy", "PodMonitor", "PrometheusRule"}
SCHEMAS = {
    "Gateway": Gateway, "AuthorizationPolicy": AuthorizationPolicy,
    "PodMonitor": PodMonitor, "PrometheusRule": PrometheusRule,
}  # fmt: skip
# Written by hand and by nobody else: docs/kubernetes.md says what is in them.
SECRETS = {"house-price-stores", "house-price-pipelines", "house-price-api-keys", "house-price-redis"}


def documents(folders: tuple[str, ...]) -> list[Document]:
    return [document for folder in folders for document in built(folder)]


@pytest.mark.parametrize("folder", EVERYTHING)
@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_kinds_are_what_its_schemas_say_and_nothing_else(folder: str, version: str) -> None:
    for document in built(folder):
        if document["kind"] not in OTHERS:
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("folder", [*OVERLAYS, "gateway"])
def test_istios_and_prometheus_kinds_lose_nothing_in_their_models(folder: str) -> None:
    for document in built(folder):
        if model := SCHEMAS.get(document["kind"]):
            kept = model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
            assert kept == document


def test_every_setting_in_a_manifest_is_one_that_the_platform_reads() -> None:
    known = {f"HPP_{name.upper()}" for name in Settings.model_fields}
    known |= set(read(ROOT / "zenml_config" / "local.env", {}))
    named = set(of_kind(built(OVERLAYS[0]), "ConfigMap")["house-price-settings"]["data"])
    for document in documents(EVERYTHING):
        for container in containers(document):
            named |= {variable["name"] for variable in container.get("env", [])}
    assert named
    assert named <= known


def test_the_folders_of_the_settings_are_mounted_where_the_root_file_system_is_read_only() -> None:
    settings = of_kind(built(OVERLAYS[0]), "ConfigMap")["house-price-settings"]["data"]
    (document,) = built("serving")
    (container,) = [one for one in containers(document) if one["name"] == "house-price"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    for name in ("HPP_VAR_DIR", "HPP_PROFILES_DIR", "HPP_AUDIT_DIR"):
        assert settings[name] in mounts
    assert str(Path(settings["HPP_API_KEYS"]).parent) in mounts


def test_what_a_manifest_refers_to_is_there() -> None:
    for overlay in OVERLAYS:
        documents = [*built(overlay), *built(f"{overlay}/serving")]
        accounts, claims = of_kind(documents, "ServiceAccount"), of_kind(documents, "PersistentVolumeClaim")
        configurations = of_kind(documents, "ConfigMap").keys() | {"house-price-template"}  # made at the installation
        for document in documents:
            pod = pod_spec(document)
            if pod is None:
                continue
            assert pod.get("serviceAccountName", "house-price-serving") in accounts
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            made = {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
            for volume in volumes.values():
                assert volume.get("persistentVolumeClaim", {}).get("claimName", "house-price-work") in claims
                assert volume.get("secret", {}).get("secretName", "house-price-redis") in SECRETS
                assert volume.get("configMap", {}).get("name", "house-price-redis") in configurations
            for container in containers(document):
                assert {mount["name"] for mount in container["volumeMounts"]} <= volumes.keys() | made
                for source in container.get("envFrom", []):
                    assert source.get("configMapRef", {}).get("name", "house-price-settings") in configurations
                    assert source.get("secretRef", {}).get("name", "house-price-stores") in SECRETS


def test_every_cronjob_runs_a_module_that_exists_and_the_weekly_one_a_retraining_that_may_be_held_up() -> None:
    jobs = of_kind(built(OVERLAYS[1]), "CronJob")
    for job in jobs.values():
        (container,) = containers(job)
        python, flag, module, *_ = container["command"]
        assert (python, flag) == ("python", "-m")
        assert find_spec(module) is not None
    command = containers(jobs["house-price-retraining"])[0]["command"]
    assert command[2:] == ["pipelines.retrain", "--cause", "weekly", "--on-cluster"]


def test_no_pod_of_the_service_has_a_console_of_its_own() -> None:
    settings = of_kind(built(OVERLAYS[0]), "ConfigMap")["house-price-settings"]["data"]
    assert settings["HPP_CONSOLE_PORT"] == "0"


def test_every_container_is_confined_and_has_its_share_of_the_machine() -> None:
    for document in documents((*OVERLAYS, *TEMPLATES)):
        pod = pod_spec(document)
        for container in containers(document):
            context = (pod or {}).get("securityContext", {}) | container["securityContext"]
            assert context["runAsNonRoot"] is True
            assert context["runAsUser"] > 0
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys()


def test_no_image_is_without_a_version_and_none_is_latest_in_an_overlay() -> None:
    for document in documents(tuple(folder for folder in EVERYTHING if folder.startswith("overlays"))):
        for container in containers(document):
            assert re.search(r":(?!latest)[\w.-]+$|@sha256:[0-9a-f]{64}$", container["image"]), container["image"]


def test_the_service_has_no_part_in_what_only_pipelines_may_do() -> None:
    (document,) = built(f"{OVERLAYS[0]}/serving")
    sources = [source for container in containers(document) for source in container.get("envFrom", [])]
    assert {source["secretRef"]["name"] for source in sources if "secretRef" in source} == {"house-price-stores"}
    pod = pod_spec(document) or {}
    assert pod["automountServiceAccountToken"] is False
    named = {item["path"] for volume in pod["volumes"] for item in volume.get("secret", {}).get("items", [])}
    assert named == {"api-keys.json"}  # the hashes, and not the deployments' key


def test_no_secret_is_in_the_repository() -> None:
    assert not of_kind(documents(EVERYTHING), "Secret")
    for path in FOLDER.rglob("*.yaml"):
        assert not re.search(r"(?i)(password|_token|secret_?key|api_?key)\s*[:=]\s*\S", path.read_text()), path


def test_everything_is_shut_and_the_doors_that_open_lead_to_ports_that_are_there() -> None:
    policies = of_kind(built(OVERLAYS[0]), "NetworkPolicy")
    assert policies["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (document,) = built("serving")
    ports = {port["containerPort"] for container in containers(document) for port in container.get("ports", [])}
    opened = {port["port"] for rule in policies["serving"]["spec"]["ingress"] for port in rule["ports"]}
    assert opened == ports
    pods = {"serving", "pipelines", "redis", "storage"}
    for policy in policies.values():
        assert policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/component", "redis") in pods


def test_the_gateway_lets_nothing_in_but_paths_that_the_service_answers() -> None:
    policy = of_kind(built("gateway"), "AuthorizationPolicy")["house-price"]
    operation = policy["spec"]["rules"][0]["to"][0]["operation"]
    prefix = operation["paths"][0].removesuffix("/*")
    (document,) = built(f"{OVERLAYS[1]}/serving")
    assert prefix == f"/seldon/{document['metadata']['namespace']}/{document['metadata']['name']}"
    opened = {path.removeprefix(prefix) for path in operation["notPaths"]}
    assert opened - {PREDICT[0], FEEDBACK[0]} == {"/health/live", "/health/ready", "/seldon.json", "/metadata"}


def test_the_template_names_the_gateway_that_there_is() -> None:
    (gateway,) = of_kind(built("gateway"), "Gateway").values()
    (document,) = built(f"{OVERLAYS[1]}/serving")
    wanted = f"{gateway['metadata']['namespace']}/{gateway['metadata']['name']}"
    assert document["spec"]["annotations"]["seldon.io/istio-gateway"] == wanted
    assert {server["port"]["protocol"] for server in gateway["spec"]["servers"]} == {"HTTPS", "HTTP"}
    (plain,) = [server for server in gateway["spec"]["servers"] if server["port"]["protocol"] == "HTTP"]
    assert plain["tls"] == {"httpsRedirect": True}


def test_the_deployer_may_touch_the_one_object_and_nothing_else() -> None:
    rules = of_kind(built(OVERLAYS[0]), "Role")["house-price-deployer"]["rules"]
    verbs = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
    assert verbs == {("seldondeployments", verb) for verb in ("get", "patch", "delete", "create")} | {("pods", "list")}


def test_the_rules_are_those_that_prometheus_is_tested_with() -> None:
    source = yaml.safe_load((ROOT / "docker" / "monitoring" / "rules.yml").read_text())
    made = of_kind(built(OVERLAYS[0]), "PrometheusRule")["house-price"]
    assert made["spec"]["groups"] == source["groups"], "run python docker/kubernetes/rules.py"


def test_the_pods_are_scraped_as_the_job_that_the_rules_ask_for() -> None:
    monitor = of_kind(built(OVERLAYS[0]), "PodMonitor")["house-price"]["spec"]
    (document,) = built("serving")
    (predictor,) = document["spec"]["predictors"]
    assert predictor["labels"][monitor["jobLabel"]] == "house-price"
    assert monitor["selector"]["matchLabels"].items() <= predictor["labels"].items()
    assert 'job="house-price"' in (ROOT / "docker" / "monitoring" / "rules.yml").read_text()
