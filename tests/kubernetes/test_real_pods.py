"""Deployments to a cluster whose pods are real: each fetches its bundle from MLflow's artifacts and serves it."""

import copy
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from serving import service
from serving.fetch import main as fetch
from serving.settings import Settings, read_settings
from steps.cluster.deployment import deploy_to_cluster
from steps.core.errors import DeploymentError
from steps.core.predictors import MODELS, Predictor, service_name
from steps.deployment.deployed import Deployment
from steps.deployment.service_answers import ask, ready_version
from steps.find_champion import Champion
from steps.predict_offline import PRICE, predict_houses
from steps.tracking.runs import mlflow_client
from tests.kubernetes.api_server import ApiServer
from tests.kubernetes.manifests import containers
from tests.kubernetes.mesh import GATEWAY, Mesh, running
from tests.kubernetes.operator import Operator
from tests.kubernetes.test_deploy_to_cluster import ROLLOUT, TARGET
from tests.ports import free_port
from tests.serving_platform import ServingPlatform
from tests.steps.test_deploy_model import champion_of, sample


@pytest.fixture
def mesh(
    cluster: ApiServer, template: Path, serving_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mesh]:
    """A mesh, and an operator that runs each predictor as its pods would: fetch, then serve."""
    found = Mesh(cluster)

    def start(predictor: Predictor) -> None:
        pod = predictor["componentSpecs"][0]["spec"]
        (fetches,), (serves,) = pod["initContainers"], pod["containers"]
        models = str(tmp_path / predictor["name"])
        fetch([one.replace(MODELS, models) for one in fetches["args"]])
        apart = {
            "rest_port": free_port(),
            "metrics_port": 0,
            "profiles_dir": tmp_path / f"{predictor['name']}-profiles",
        }
        bundle = Path(serves["args"][1].replace(MODELS, models))
        running = service.start(bundle, serving_settings.model_copy(update=apart), candidate=True)
        found.ports[service_name("house-price", predictor["name"])] = running.port

    operator = Operator(cluster, start)
    with running(found), ThreadPoolExecutor(1) as apart:  # as the real one: a write does not wait for pods
        cluster.changed = lambda written: void(apart.submit(operator.reconcile, copy.deepcopy(written)))
        monkeypatch.setenv("HPP_CLUSTER_TEMPLATE", str(template))
        monkeypatch.setenv("HPP_CLUSTER_SERVICE_URL", f"{found.address}/service/{{service}}")
        monkeypatch.setenv("HPP_CLUSTER_GATEWAY_URL", f"{found.address}{GATEWAY}")
        yield found


def void(_: object) -> None:
    """Nothing."""


@pytest.fixture
def registered(serving_platform: ServingPlatform, mesh: Mesh, tmp_path: Path) -> dict[str, Champion]:
    """The versions with their bundles among the artifacts of MLflow runs."""
    client = mlflow_client()
    experiment = client.create_experiment("house-price", artifact_location=str(tmp_path / "artifacts"))
    champions = {}
    for version, bundle in serving_platform.bundles.items():
        run = client.create_run(experiment).info.run_id
        client.log_artifacts(run, str(bundle), f"bundle/v{version}")
        champions[version] = champion_of(bundle, version).model_copy(update={"mlflow_run_id": run})
    return champions


def test_versions_are_served_tried_as_canary_and_put_back_by_pods_that_really_answer(
    registered: dict[str, Champion], mesh: Mesh, cluster: ApiServer, serving_platform: ServingPlatform
) -> None:
    settings = read_settings()
    asked = {version: predict_houses(champion, sample(20), settings) for version, champion in registered.items()}

    def deploy(version: str, mode: str = "replace") -> Deployment:
        rollout = ROLLOUT.model_copy(update={"mode": mode, "share": 0.3})
        target = TARGET.model_copy(update={"ready_timeout_seconds": 240, "poll_seconds": 0.1})
        return deploy_to_cluster(registered[version], asked[version], rollout, target, settings)

    gateway = f"{mesh.address}{GATEWAY}"
    first = deploy("1")
    assert (first.action, first.url, ready_version(gateway)) == ("started", gateway, "1")
    assert first.live is not None
    assert (first.live.by_raw_features.rows, first.live.fault) == (20, None)

    trial = deploy("2", "canary")
    assert (trial.action, trial.previous_version) == ("canary", "1")
    answered = Counter(ready_version(gateway) for _ in range(300))
    assert 60 <= answered["2"] <= 120  # of 300; 90 are wanted, four standard deviations are 32
    assert answered["1"] + answered["2"] == 300

    second = deploy("2")
    assert (second.action, ready_version(gateway)) == ("rolled", "2")
    assert len(mesh.ports) == 2  # the canary's pods became the champion's

    asked["1"].loc[3, PRICE] += 0.5
    with pytest.raises(DeploymentError, match=r"0\.5 from(.|\n)*What was served before is served on"):
        deploy("1")
    assert ready_version(gateway) == "2"
    prices = ask(_Gateway(gateway, "2"), ["house_id"], [[1], [2]], serving_platform.key, 2)
    assert prices.shape == (2, 3)


def test_the_probes_ask_for_what_the_service_answers(
    serving_platform: ServingPlatform, serving_settings: Settings, template: Path
) -> None:
    from urllib.request import urlopen

    running = service.start(serving_platform.bundles["1"], serving_settings)
    (container,) = [one for one in containers(yaml.safe_load(template.read_text())) if one["name"] == "house-price"]
    paths = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    for path in [*paths, "/metadata", "/seldon.json"]:
        with urlopen(f"{running.url}{path}", timeout=30) as answer:  # noqa: S310  # a local server
            assert answer.status == 200


class _Gateway:
    def __init__(self, url: str, version: str) -> None:
        self.url, self.version = url, version

    def log_tail(self) -> str:
        return ""
