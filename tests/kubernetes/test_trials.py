"""A trial in the cluster: it holds up the next training, and a person's conclusion moves alias and traffic together."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from pipelines import trial_on_cluster
from pipelines.retraining import configuration
from pipelines.trial_on_cluster import promote, tried, withdraw
from serving.settings import read_settings
from steps.cluster.trial import tried_in_cluster
from steps.conclude_rollout import VERDICT
from steps.core.cause import Cause
from steps.core.errors import ConfigurationError, DeploymentError
from steps.core.retraining import decide
from steps.deployment.deployed import Deployment
from steps.models.registry import version_under
from steps.tracking.runs import ALIAS, CHALLENGER, MODEL
from tests.kubernetes import test_deploy_to_cluster
from tests.kubernetes.api_server import ApiServer
from tests.kubernetes.test_deploy_to_cluster import shares
from tests.retraining import retraining
from zenml_config.environment import ROOT

Deploying = Callable[..., Deployment]
deploy = test_deploy_to_cluster.deploy  # the fixture


@pytest.fixture
def registry(tmp_path: Path) -> MlflowClient:
    """Versions 1, the champion, and 2, the challenger, in a registry of their own."""
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    client.create_registered_model(MODEL)
    for _ in range(2):
        client.create_model_version(MODEL, str(tmp_path))
    client.set_registered_model_alias(MODEL, ALIAS, "1")
    client.set_registered_model_alias(MODEL, CHALLENGER, "2")
    return client


@pytest.fixture
def trial(deploy: Deploying, registry: MlflowClient, template: Path, monkeypatch: pytest.MonkeyPatch) -> Deploying:
    """What deploys the champion of the registry; version 1 serves, and 2 is its canary."""
    monkeypatch.setenv("HPP_CLUSTER_TEMPLATE", str(template))
    deploy("1")
    deploy("2", mode="canary")
    return lambda **kwargs: deploy(version_under(registry, ALIAS), **kwargs)


def test_the_version_that_is_tried_is_the_one_that_does_not_lead(
    deploy: Deploying, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPP_CLUSTER_TEMPLATE", str(template))
    assert tried_in_cluster(read_settings()) is None
    deploy("1")
    assert tried_in_cluster(read_settings()) is None
    for mode in ("canary", "shadow"):
        deploy("2", mode=mode)
        assert tried_in_cluster(read_settings()) == "2"


def test_a_trial_in_the_cluster_holds_up_the_weekly_training_and_not_a_person(trial: Deploying) -> None:
    now, wanted = datetime.now(UTC), retraining(place="kubernetes")
    found = tried_in_cluster(read_settings())
    assert decide(Cause(kind="weekly"), [], found, now, wanted).action == "tried"
    assert decide(Cause(), [], found, now, wanted).action == "start"


def test_a_promoted_canary_serves_alone_as_champion(
    trial: Deploying, registry: MlflowClient, cluster: ApiServer
) -> None:
    promote(registry, "2", "fewer errors", trial)
    assert (version_under(registry, ALIAS), version_under(registry, CHALLENGER)) == ("2", None)
    assert shares(cluster) == [("v2", 100, False)]
    assert registry.get_model_version(MODEL, "2").tags[VERDICT] == "promoted: fewer errors"


def test_a_withdrawn_canary_is_gone_and_no_challenger(
    trial: Deploying, registry: MlflowClient, cluster: ApiServer
) -> None:
    withdraw(registry, "2", "slower", trial)
    assert (version_under(registry, ALIAS), version_under(registry, CHALLENGER)) == ("1", None)
    assert shares(cluster) == [("v1", 100, False)]
    assert registry.get_model_version(MODEL, "2").tags[VERDICT] == "stopped: slower"


def test_a_promotion_that_fails_leaves_alias_and_trial_as_they_were(
    trial: Deploying, registry: MlflowClient, cluster: ApiServer
) -> None:
    before = shares(cluster)

    def wrong(_: object) -> None:
        raise DeploymentError("MEDV of house 7 is 0.5 from what it should be.")

    with pytest.raises(DeploymentError, match="house 7"):
        promote(registry, "2", "fewer errors", lambda: trial(check=wrong))
    assert (version_under(registry, ALIAS), version_under(registry, CHALLENGER)) == ("1", "2")
    assert shares(cluster) == before


def test_a_conclusion_that_was_killed_goes_on_with_the_challenger_and_without_one_says_so(
    deploy: Deploying, registry: MlflowClient, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPP_CLUSTER_TEMPLATE", str(template))
    deploy("2")  # the traffic had moved already
    assert tried(registry, read_settings()) == "2"
    registry.delete_registered_model_alias(MODEL, CHALLENGER)
    with pytest.raises(ConfigurationError, match="No version is tried"):
        tried(registry, read_settings())


def test_the_command_ends_with_one_and_the_reason_where_nothing_is_tried(
    deploy: Deploying,
    registry: MlflowClient,
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HPP_CLUSTER_TEMPLATE", str(template))
    registry.delete_registered_model_alias(MODEL, CHALLENGER)
    monkeypatch.setattr(trial_on_cluster, "mlflow_client", lambda: registry)
    assert trial_on_cluster.main(["withdraw", "slower"]) == 1
    assert "No version is tried" in capsys.readouterr().err


def test_a_retraining_in_the_cluster_runs_the_clusters_configuration_with_its_cause_and_its_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HPP_CLUSTER_PIPELINES_IMAGE", "registry.example.org/house-price-pipelines:0.1.0")
    changes = {"model": {"alias": "challenger"}, "rollout": {"mode": "canary", "share": 0.1}}
    with configuration(ROOT / "zenml_config" / "deployment.yaml", changes, "kubernetes") as path:
        made = yaml.safe_load(Path(path).read_text())
    assert made["parameters"]["target"]["place"] == "kubernetes"
    assert made["parameters"]["rollout"]["mode"] == "canary"
    assert made["parameters"]["model"]["alias"] == "challenger"
    image = made["settings"]["docker"]["parent_image"]
    assert image == "registry.example.org/house-price-pipelines:0.1.0"
