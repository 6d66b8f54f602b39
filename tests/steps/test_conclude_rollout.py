"""From a challenger in the registry over a canary to a champion, or to no challenger any more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from serving import rollout as rollouts
from serving import service
from serving.rollouts.record import read_events
from serving.rollouts.state import amend, folder_of, read_rollout
from serving.settings import Settings
from steps.conclude_rollout import VERDICT, conclude, main
from steps.core.errors import DeploymentError
from steps.core.retirement import Hold
from steps.deploy_model import try_beside
from steps.deployment.report import render
from steps.models.holds import _tried
from steps.models.registry import version_under
from steps.predict_offline import PRICE, predict_houses
from steps.tracking.runs import CHALLENGER, MODEL, mlflow_client
from tests.rollouts import rules
from tests.serving.test_service import Caller
from tests.serving_platform import ServingPlatform
from tests.steps.test_deploy_model import ROLLOUT, champion_of, sample

CANARY = ROLLOUT.model_copy(update={"mode": "canary", "share": 0.5})


def end(settings: Settings, status: str, reason: str) -> None:
    folder = folder_of(settings.profiles_dir)
    found = read_rollout(folder)
    assert found is not None
    assert amend(folder, found.id, status=status, reason=reason, by="service") is not None


def test_a_better_challenger_becomes_champion_without_a_failed_request_and_a_bad_one_is_withdrawn(
    champion: Callable[[str], None], serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    champion("2")
    champion("1")
    client, settings = mlflow_client(), serving_settings
    assert conclude(ROLLOUT, sample(20), settings).action == "none"
    client.set_registered_model_alias(MODEL, CHALLENGER, "2")
    started = service.start(serving_platform.bundles["1"], settings)
    challenger = champion_of(serving_platform.bundles["2"], "2")
    expected = predict_houses(challenger, sample(20), settings)

    wrong = expected.assign(**{PRICE: expected[PRICE] + 0.5})
    with pytest.raises(DeploymentError, match=r"is 0\.5 from the offline one"):
        try_beside(challenger, wrong, CANARY, settings)
    assert read_rollout(folder_of(settings.profiles_dir)) is None

    tried = try_beside(challenger, expected, CANARY, settings)
    assert (tried.action, tried.version, tried.previous_version, tried.pid) == ("canary", "2", "1", started.pid)
    assert tried.candidate is not None
    assert "house-price v2 is tried as a canary" in render(tried)
    assert _tried(settings) == {"2": Hold("tried beside version 1 as a canary")}
    assert conclude(ROLLOUT, sample(20), settings).action == "going on"

    end(settings, "better", "it is better")
    callers = [Caller(started, keep, serving_platform.key) for keep in (True, False)]
    found = conclude(ROLLOUT, sample(20), settings)
    answers = [one for caller in callers for one in caller.end()]
    assert (found.action, found.version, found.champion) == ("promoted", "2", "1")
    assert set(answers) <= {"1", "2", "mixed"}
    (now,) = service.serving(settings)
    assert (now.pid, now.version) == (started.pid, "2")
    assert (version_under(client, "champion"), version_under(client, CHALLENGER)) == ("2", None)
    ended = read_rollout(folder_of(settings.profiles_dir))
    assert ended is not None
    assert (ended.status, ended.by) == ("promoted", "pipeline")
    events = [one.event for one in read_events(settings.audit_dir) if one.rollout == ended.id]
    assert events == ["started", "better", "promoted"]
    assert conclude(ROLLOUT, sample(20), settings).action == "promoted"

    client.set_registered_model_alias(MODEL, CHALLENGER, "1")
    rollouts.start(Path(serving_platform.bundles["1"]), "shadow", 1.0, rules(), settings, "operator")
    end(settings, "rolled_back", "it is bad")
    assert main() == 0
    assert version_under(client, CHALLENGER) is None
    assert client.get_model_version(MODEL, "1").tags[VERDICT] == "rolled_back: it is bad"
