"""Deployments to a cluster: what callers are served at each moment, and what is left of those that fail."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.settings import Settings, read_settings
from steps.cluster.api import MANAGER, ClusterApi
from steps.cluster.deployment import Endpoint, Move
from steps.cluster.seldon_deployment import ClusterObject, read_template
from steps.core.errors import ConfigurationError, DeploymentError
from steps.core.parity import Parity
from steps.core.predictors import Placed, predictor_of
from steps.core.verified import StoreParity, Verification
from steps.deployment.deployed import Deployment, Rollout, Target
from steps.find_champion import Champion
from tests.kubernetes.api_server import SDEP, ApiServer, Refusal
from tests.kubernetes.manifests import containers, kubectl
from tests.kubernetes.seldon_schema import faults

ROLLOUT = Rollout(tolerance=1e-5, event_time_resolution_seconds=1, start_timeout_seconds=60, mode="replace", share=0.1)
TARGET = Target(place="kubernetes", ready_timeout_seconds=0.3, poll_seconds=0.02, take_over=False)
NAME = "house-price"


def found() -> Verification:
    parity = Parity(rows=5, largest_difference=0.0, worst_house=1, worst_value="MEDV", tolerance=1e-5)
    stores = StoreParity(houses=5, features=["RM"], resolution_seconds=1, differences=[])
    return Verification(by_raw_features=parity, by_house_id=parity, stored_features=stores)


def champion_of(version: str) -> Champion:
    return Champion(
        name=NAME, version=version, mlflow_run_id="0", feature_service=f"house_price_v{version}", features=["RM"],
        inputs=["RM"], metrics={}, bundle="",
    )  # fmt: skip


@pytest.fixture
def deploy(cluster: ApiServer, template: Path, platform_dir: Path) -> Callable[..., Deployment]:
    """A function that deploys a version, whose answers are right unless the check says otherwise."""

    def run(
        version: str,
        mode: Any = "replace",
        check: Callable[[Endpoint], Verification] = lambda _: found(),
        image: str = "",
        share: float = 0.1,
        **target: Any,
    ) -> Deployment:
        document = read_template(str(template))
        if image:
            document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]["image"] = image
        aim, rollout = (
            TARGET.model_copy(update=target), ROLLOUT.model_copy(update={"mode": mode, "share": share}),
        )  # fmt: skip
        candidate = predictor_of(document, Placed(version, f"s3://models/v{version}", "0" * 64), mode)
        one = ClusterObject(document, ClusterApi(), aim.take_over)
        return Move(one, champion_of(version), candidate, rollout, aim, settings()).make(check)

    return run


def settings() -> Settings:
    return read_settings()


def wrong(_: Endpoint) -> Verification:
    raise DeploymentError("MEDV of house 7 is 0.5 from what it should be.")


def shares(cluster: ApiServer) -> list[tuple[str, int, bool]]:
    """Version, traffic and whether it is a shadow, of the predictors that there are."""
    return [(name.partition("-")[0], traffic, shadow) for name, traffic, shadow in cluster.history[-1]]


def test_a_first_version_is_served_and_a_second_one_answers_nobody_before_it_was_asked(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    first = deploy("1")
    assert (first.action, first.version, first.previous_version) == ("started", "1", None)
    asked: list[list[tuple[str, int, bool]]] = []

    def look(_: Endpoint) -> Verification:
        asked.append(shares(cluster))
        return found()

    second = deploy("2", check=look)
    assert (second.action, second.version, second.previous_version) == ("rolled", "2", "1")
    assert asked == [[("v1", 100, False), ("v2", 0, False)]]
    assert shares(cluster) == [("v2", 100, False)]
    assert faults({k: v for k, v in cluster.objects[NAME].items() if k != "status"}) == []


def test_the_candidate_is_asked_at_its_own_address(deploy: Callable[..., Deployment], cluster: ApiServer) -> None:
    asked: list[Endpoint] = []

    def look(endpoint: Endpoint) -> Verification:
        asked.append(endpoint)
        return found()

    deploy("1", check=look)
    (name, _, _) = cluster.history[-1][0]
    assert [(one.url, one.version) for one in asked] == [(f"http://house-price-{name}.house-prices.svc:9000", "1")]


def test_the_same_again_changes_nothing(deploy: Callable[..., Deployment], cluster: ApiServer) -> None:
    deploy("1")
    before = copy.deepcopy(cluster.objects)
    again = deploy("1")
    assert (again.action, again.candidate) == ("kept", None)
    assert again.live is not None
    assert cluster.objects == before


def test_the_same_version_from_another_image_is_another_predictor(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    done = deploy("1", image="registry.example.org/house-price-serving:0.2.0")
    assert (done.action, done.previous_version) == ("rolled", "1")
    names = {name for state in cluster.history for name, _, _ in state}
    assert len(names) == 2


def test_a_broken_image_says_so_and_what_was_served_is_served_on(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    before = cluster.objects[NAME]["spec"]
    with pytest.raises(
        DeploymentError,
        match=r"not deployed to SeldonDeployment house-prices/house-price(.|\n)*not ready after 0\.3 s(.|\n)*"
        r"ImagePullBackOff: Back-off pulling image \"broken:1\"(.|\n)*served before is served on",
    ):
        deploy("2", image="broken:1")
    assert cluster.objects[NAME]["spec"] == before
    assert [state[0][1] for state in cluster.history] == [100, 100, 100]  # never less than all for the first


def test_a_first_version_that_fails_leaves_nothing(deploy: Callable[..., Deployment], cluster: ApiServer) -> None:
    with pytest.raises(DeploymentError, match="Nothing was served before, and nothing is left"):
        deploy("1", image="broken:1")
    assert cluster.objects == {}


def test_a_version_that_answers_wrongly_is_taken_away_before_anybody_is_sent_to_it(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    with pytest.raises(DeploymentError, match=r"house 7 is 0\.5 from(.|\n)*served on"):
        deploy("2", check=wrong)
    assert [traffic for state in cluster.history for name, traffic, _ in state if name.startswith("v2")] == [0]
    assert shares(cluster) == [("v1", 100, False)]


def test_a_canary_gets_its_share_is_replaced_by_another_and_ends_with_a_champion(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    trial = deploy("2", mode="canary")
    assert (trial.action, trial.previous_version, trial.live) == ("canary", "1", None)
    assert shares(cluster) == [("v1", 90, False), ("v2", 10, False)]
    with pytest.raises(DeploymentError, match="served on"):
        deploy("3", check=wrong)
    assert shares(cluster) == [("v1", 90, False), ("v2", 10, False)]
    deploy("3", mode="canary", share=0.25)
    assert shares(cluster) == [("v1", 75, False), ("v3", 25, False)]
    deploy("3")
    assert shares(cluster) == [("v3", 100, False)]


def test_a_shadow_gets_copies_and_counts_no_limits(deploy: Callable[..., Deployment], cluster: ApiServer) -> None:
    deploy("1")
    assert deploy("2", mode="shadow").action == "shadow"
    assert shares(cluster) == [("v1", 100, False), ("v2", 0, True)]
    (_, shadow) = cluster.objects[NAME]["spec"]["predictors"]
    (container,) = shadow["componentSpecs"][0]["spec"]["containers"]
    assert container["env"] == [{"name": "HPP_RATE_LIMIT_STORE", "value": "local"}]
    deploy("3", mode="shadow")  # Seldon takes one at a time
    assert shares(cluster) == [("v1", 100, False), ("v3", 0, True)]


@pytest.mark.parametrize("mode", ["canary", "shadow"])
def test_there_is_nothing_to_try_beside_nothing(deploy: Callable[..., Deployment], mode: str) -> None:
    with pytest.raises(ConfigurationError, match="Deploy a champion first"):
        deploy("1", mode=mode)


def test_a_share_that_a_gateway_cannot_split_is_refused_before_anything_is_changed(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    with pytest.raises(ConfigurationError, match=r"whole percentage of the calls.*is 0\.125"):
        deploy("2", mode="canary", share=0.125)
    assert len(cluster.history) == 1


def test_what_a_killed_deployment_left_is_cleared_away(deploy: Callable[..., Deployment], cluster: ApiServer) -> None:
    deploy("1")

    def killed(_: Endpoint) -> Verification:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploy("2", check=killed)
    assert shares(cluster) == [("v1", 100, False), ("v2", 0, False)]
    deploy("3")
    assert shares(cluster) == [("v3", 100, False)]


def patch(change: dict[str, Any]) -> None:
    """What somebody does by hand, with kubectl itself."""
    command = [kubectl(), "patch", "seldondeployment", NAME, "--type", "merge", "--patch", json.dumps(change)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def moved_by_hand(cluster: ApiServer) -> dict[str, Any]:
    predictors = copy.deepcopy(cluster.objects[NAME]["spec"]["predictors"])
    predictors[0]["replicas"] = 7
    return {"spec": {"predictors": predictors}}


def test_what_somebody_changed_by_hand_is_not_overwritten_unless_told_to(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    patch(moved_by_hand(cluster))
    with pytest.raises(DeploymentError, match=r'conflict with "kubectl-patch"(.|\n)*target\.take_over'):
        deploy("2")
    assert cluster.objects[NAME]["spec"]["predictors"][0]["replicas"] == 7
    deploy("2", take_over=True)
    assert shares(cluster) == [("v2", 100, False)]


def test_somebody_who_changes_it_while_pods_come_up_has_the_last_word(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")

    def meanwhile(_: Endpoint) -> Verification:
        patch(moved_by_hand(cluster))
        return found()

    with pytest.raises(DeploymentError, match="changed by somebody else while it was deployed"):
        deploy("2", check=meanwhile)
    assert cluster.objects[NAME]["spec"]["predictors"][0]["replicas"] == 7


def test_the_operators_reports_in_between_are_no_conflict(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")

    def meanwhile(_: Endpoint) -> Verification:
        cluster.report(NAME, {**cluster.objects[NAME]["status"], "description": "something new"})
        return found()

    assert deploy("2", check=meanwhile).action == "rolled"


def test_fields_that_are_ours_by_a_webhook_are_no_conflict(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    first = cluster._applied

    def owned_twice(name: str, live: Any, body: Any, manager: str, force: bool) -> Any:
        if not force:
            words = f'conflict with "{MANAGER}" using machinelearning.seldon.io/v1'
            causes = [{"reason": "FieldManagerConflict", "message": words, "field": ".spec.predictors"}]
            raise Refusal(409, "Conflict", words, causes)
        return first(name, live, body, manager, force)

    cluster._applied = owned_twice  # type: ignore[method-assign]
    assert deploy("2").action == "rolled"


def test_a_field_that_the_cluster_does_not_know_is_refused_and_not_dropped(
    deploy: Callable[..., Deployment], cluster: ApiServer, template: Path
) -> None:
    document = yaml.safe_load(template.read_text())
    document["spec"]["predictors"][0]["trafic"] = 5
    template.write_text(yaml.safe_dump(document))
    with pytest.raises(DeploymentError, match=r"answers 422(.|\n)*'trafic' was unexpected(.|\n)*Nothing was changed"):
        deploy("1")


@pytest.mark.parametrize(("verb", "called"), [("get", "GET"), ("apply", "PATCH")])
def test_an_account_that_may_not_is_told_where_its_role_is(
    deploy: Callable[..., Deployment], cluster: ApiServer, verb: str, called: str
) -> None:
    cluster.forbidden = {verb}
    with pytest.raises(DeploymentError, match=rf"answers 403 to {called} (.|\n)*cannot {verb}(.|\n)*accounts\.yaml"):
        deploy("1")
    assert cluster.objects == {}


def test_a_cluster_without_seldon_is_said_to_lack_it(
    deploy: Callable[..., Deployment], cluster: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.kubernetes.api_server.SDEP", "/elsewhere")
    with pytest.raises(DeploymentError, match=r"lacks seldondeployments(.|\n)*install Seldon"):
        deploy("1")


def test_an_api_server_that_is_not_there_is_named(
    template: Path, tmp_path: Path, cluster: ApiServer, deploy: Callable[..., Deployment]
) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(config.read_text().replace(cluster.address, "http://127.0.0.1:9"))
    with pytest.raises(DeploymentError, match=rf"does not answer GET {SDEP}/{NAME}"):
        deploy("1")


def lose_an_answer(cluster: ApiServer, code: int) -> None:
    """The next write is carried out, and answered with an error."""
    answer = cluster.answer

    def lost(verb: str, *rest: Any) -> Any:
        found = answer(verb, *rest)
        if verb == "apply":
            cluster.answer = answer  # type: ignore[method-assign]
            raise Refusal(code, "ServerTimeout", "the answer is lost")
        return found

    cluster.answer = lost  # type: ignore[method-assign]


def test_a_write_whose_answer_is_lost_is_found_and_put_back(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    lose_an_answer(cluster, 500)
    with pytest.raises(DeploymentError, match=r"the answer is lost(.|\n)*What was served before is served on"):
        deploy("2")
    assert shares(cluster) == [("v1", 100, False)]
    assert len(cluster.history) == 3


def test_a_write_that_was_sent_twice_is_no_conflict(deploy: Callable[..., Deployment], cluster: ApiServer) -> None:
    deploy("1")
    lose_an_answer(cluster, 409)
    assert deploy("2").action == "rolled"


def test_an_api_server_that_goes_away_for_a_moment_is_waited_for(
    deploy: Callable[..., Deployment], cluster: ApiServer
) -> None:
    deploy("1")
    reports = cluster.changed

    def slowly(found: Any) -> None:
        cluster.forbidden = {"get"}  # any error does
        reports(found)

    cluster.changed = slowly
    answer = cluster.answer
    calls: list[str] = []

    def counted(verb: str, *rest: Any) -> Any:
        calls.append(verb)
        if len(calls) > 4:
            cluster.forbidden = set()
        return answer(verb, *rest)

    cluster.answer = counted  # type: ignore[method-assign]
    assert deploy("2", ready_timeout_seconds=20).action == "rolled"


def test_the_last_words_of_a_container_that_ends_are_told(
    cluster: ApiServer, deploy: Callable[..., Deployment], template: Path
) -> None:
    def crash(found: Any) -> None:
        labels = found["spec"]["predictors"][-1]["labels"]
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
        ended = {"terminated": {"message": "The bundle in s3://x is not the one that was deployed."}}
        fetches = {"name": "fetch-model", "state": {"waiting": waiting}, "lastState": ended}
        serves = {"name": NAME, "state": {"waiting": {"reason": "PodInitializing"}}}
        status = {"initContainerStatuses": [fetches], "containerStatuses": [serves]}
        cluster.pods = [{"metadata": {"labels": labels}, "status": status}]

    cluster.changed = crash
    with pytest.raises(DeploymentError, match=r"fetch-model: CrashLoopBackOff(.|\n)*is not the one that was deployed"):
        deploy("1")
    document = yaml.safe_load(template.read_text())
    assert {one["terminationMessagePolicy"] for one in containers(document)} == {"FallbackToLogsOnError"}


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "no single SeldonDeployment"), ("kind: Deployment", "no single SeldonDeployment"), (": :", "cannot be read")],
)
def test_a_template_that_is_none_is_said_to_be_none(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=words):
        read_template(str(path))


def test_kubectl_sees_the_split_of_a_canary(deploy: Callable[..., Deployment]) -> None:
    deploy("1")
    deploy("2", mode="canary")
    path = "{range .spec.predictors[*]}{.labels.house-prices/model-version}={.traffic} {end}"
    command = [kubectl(), "get", "sdep", NAME, "-o", f"jsonpath={path}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "1=90 2=10 "


def test_kubectl_applies_what_the_overlays_build(cluster: ApiServer, template: Path) -> None:
    document = yaml.safe_load(template.read_text())
    document["spec"]["predictors"] = [predictor_of(document, Placed("1", "s3://x", "0" * 64), "replace")]
    template.write_text(yaml.safe_dump(document))
    command = [kubectl(), "apply", "--server-side", "--validate=false", "-f", str(template)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert cluster.owners[NAME][".spec.predictors"] == "kubectl"
