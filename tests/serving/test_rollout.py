"""A rollout in a real service: what the service does by itself, and what an operator does."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import rollout as rollouts
from serving import service
from serving.errors import RolloutError
from serving.process.processes import group
from serving.rollouts.record import RolloutEvent, read_events
from serving.rollouts.state import folder_of, read_rollout
from serving.service import Service
from serving.settings import Settings
from tests.receiver import Receiver, receiving
from tests.rollouts import poisoned, rules, until
from tests.serving.conftest import Client
from tests.serving_platform import ServingPlatform, offline_prices


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is told of it."""
    with receiving() as found:
        yield found


def status(settings: Settings) -> str:
    found = read_rollout(folder_of(settings.profiles_dir))
    assert found is not None
    return found.status


def events(settings: Settings) -> list[RolloutEvent]:
    """What is on record of the last rollout; the record is that of all tests."""
    found = read_rollout(folder_of(settings.profiles_dir))
    return [one for one in read_events(settings.audit_dir) if found and one.rollout == found.id]


def ask(client: Client, house: int) -> tuple[str, float, str]:
    """Version, price and receipt of one house."""
    reply = client.post({"data": {"names": ["house_id"], "ndarray": [[house]]}})
    tags = reply.json["meta"]["tags"]
    return tags["version"], reply.prices[0], tags["receipt"]


def versions(client: Client, houses: range) -> list[str]:
    return [ask(client, house)[0] for house in houses]


def sidecar(started: Service) -> int:
    (found,) = (one.pid for one in group(started.pid, started.created) if "serving.records.sidecar" in one.cmdline())
    return found


def test_a_poisoned_canary_is_rolled_back_by_the_service_itself_and_no_request_fails(
    serving_platform: ServingPlatform,
    serving_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    receiver: Receiver,
) -> None:
    monkeypatch.setenv("HPP_ALERT_WEBHOOK", receiver.url)
    started = service.start(serving_platform.bundles["1"], serving_settings)
    client = Client(started, serving_platform.key)
    bad = poisoned(tmp_path / "bad", "2", serving_platform.frame)
    rollouts.start(bad, "canary", 0.5, rules(), serving_settings, "operator")
    with pytest.raises(RolloutError, match="tried already"):
        rollouts.start(serving_platform.bundles["2"], "shadow", 1.0, rules(), serving_settings, "operator")
    os.kill(sidecar(started), signal.SIGKILL)  # whoever watches may die: the next one reads the same evidence
    answered: list[str] = []
    for house in (house for _ in range(20) for house in range(400)):
        answered.append(ask(client, house)[0])
        if status(serving_settings) != "running":
            break
    assert status(serving_settings) == "rolled_back"
    assert answered.count("2") > 0
    until(lambda: set(versions(client, range(10))) == {"1"})
    expected = offline_prices(serving_platform.bundles["1"], serving_platform.frame)
    assert [ask(client, house)[1] for house in range(40)] == expected[:40]
    until(lambda: len(events(serving_settings)) == 2)
    begun, ended = events(serving_settings)
    assert (begun.event, begun.by, ended.event, ended.by, ended.test) == (
        "started", "operator", "rolled_back", "service", "drift",
    )  # fmt: skip
    assert ended.figures is not None
    assert ended.figures.e_values["drift"] >= 1 / rules().drift_alpha
    figures = client.call("GET", "/metrics").body
    assert b'hpp_rollout_events_total{event="rolled_back"} 1.0' in figures
    assert b'hpp_worker_starts_total{version="1"} 1.0' in figures
    until(lambda: "RolloutRolledBack firing" in receiver.names)
    assert receiver.messages[-1]["key"] == f"RolloutRolledBack/{ended.rollout}"
    assert receiver.url not in Path(started.log).read_text()


def test_true_prices_make_a_better_canary_ready_and_an_operator_sees_why(
    serving_platform: ServingPlatform,
    serving_settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame = serving_platform.frame
    poor = poisoned(tmp_path / "poor", "1", frame, 1)
    started = service.start(poor, serving_settings)
    client = Client(started, serving_platform.key)
    assert rollouts.main(["start", "--version", "2", "--mode", "shadow"]) == 0
    truths = dict(zip(frame["house_id"], frame["MEDV"], strict=True))
    for house in range(150):
        _, _, receipt = ask(client, house)
        truth = {"data": {"names": ["MEDV"], "ndarray": [[truths[house]]]}}
        told = {"request": {"meta": {"tags": {"receipt": receipt}}}, "truth": truth}
        assert client.post(told, "/api/v1.0/feedback").status == 200
    until(lambda: status(serving_settings) == "better")
    assert rollouts.main(["status"]) == 0
    assert "shadow, better\nbecause true prices say that it is better" in capsys.readouterr().out
    assert rollouts.main(["status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["champion"], shown["challenger"], shown["status"]) == ("1", "2", "better")
    assert 0 < shown["figures"]["truths"] <= 150
    assert rollouts.main(["stop"]) == 0
    assert rollouts.main(["stop"]) == 1
    assert "No challenger is tried now" in capsys.readouterr().err
    assert [one.event for one in events(serving_settings)] == ["started", "better", "stopped"]


def test_without_a_service_there_is_nothing_to_be_tried_beside(
    serving_platform: ServingPlatform, serving_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rollouts.main(["start", "--version", "2", "--mode", "canary", "--share", "0.5"]) == 1
    assert "No service runs" in capsys.readouterr().err
    assert rollouts.main(["status"]) == 0
    assert capsys.readouterr().out == "No challenger was ever tried here.\n"
    assert rollouts.main(["status", "--json"]) == 0
    assert capsys.readouterr().out == "null\n"
