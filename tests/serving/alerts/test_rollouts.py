"""Rollouts, told as they happen, to a real receiver."""

import msgspec
import pytest

from serving.alerts.rollouts import SENT, RolloutAlerts, of_rollout
from serving.alerts.webhook import Webhook
from serving.rollouts.record import RECORD, Event, read_events, record
from serving.settings import Settings
from tests.receiver import Receiver, receiving
from tests.serving.rollouts.test_evidence import ROLLOUT


@pytest.fixture
def settings(serving_settings: Settings) -> Settings:
    return serving_settings.model_copy(update={"audit_dir": serving_settings.var_dir / "audit-of-its-own"})


def sending(settings: Settings, receiver: Receiver) -> RolloutAlerts:
    return RolloutAlerts(settings, Webhook(receiver.url, first_pause_s=0.01))


def happens(settings: Settings, event: Event, reason: str = "") -> None:
    assert record(
        settings.audit_dir, event, msgspec.structs.replace(ROLLOUT, reason=reason, test="drift", by="service")
    )


def test_each_event_is_told_once_whoever_looks_and_what_was_before_is_no_news(settings: Settings) -> None:
    with receiving() as receiver:
        happens(settings, "started")
        first = sending(settings, receiver)
        first.look()
        assert receiver.names == []
        happens(settings, "share")
        happens(settings, "rolled_back", "9 of 10 houses were priced far from the champion's price")
        first.look()
        first.look()
        sending(settings, receiver).look()  # the next sidecar
        assert receiver.names == ["RolloutRolledBack firing"]
        (message,) = receiver.messages
        assert message["summary"].startswith("m v2 was rolled back in favour of v1, by service (drift): 9 of 10 houses")
        assert message["done"] == "The champion alone serves."
        assert message["runbook"].endswith("#rolloutrolledback")


def test_what_a_receiver_does_not_take_is_told_later_under_the_same_id(settings: Settings) -> None:
    with receiving() as receiver:
        first = sending(settings, receiver)
        happens(settings, "started")
        receiver.codes += [500] * 4
        first.look()
        first.look()  # it waits before it tries again
        assert len(receiver.bodies) == 4
        sending(settings, receiver).look()
        assert len(receiver.bodies) == 5
        assert len({headers["webhook-id"] for headers in receiver.headers}) == 1
        assert (settings.audit_dir / SENT).read_text() == "1\n"


def test_a_record_that_was_cleared_away_is_begun_anew(settings: Settings) -> None:
    with receiving() as receiver:
        happens(settings, "started")
        sender = sending(settings, receiver)
        (settings.audit_dir / RECORD).unlink()
        sender.look()
        happens(settings, "stopped")
        sender.look()
        assert receiver.names == ["RolloutStopped firing"]


def test_every_end_of_a_rollout_has_a_message_and_a_changed_share_has_none(settings: Settings) -> None:
    events: list[Event] = ["started", "share", "better", "promoted"]
    for event in events:
        happens(settings, event)
    said = [of_rollout(one, "guide") for one in read_events(settings.audit_dir)]
    assert [one.name for one in said if one] == ["RolloutStarted", "RolloutBetter", "RolloutPromoted"]
    assert said[0] is not None
    assert said[0].done == "It answers for 50% of the houses (canary)."
