"""Alerts through ZenML's alerter, with a real stack and a real receiver."""

from collections.abc import Iterator

import pytest
from zenml import pipeline, step
from zenml.client import Client
from zenml.enums import ExecutionMode
from zenml.exceptions import CustomFlavorImportError
from zenml.models import FlavorUpdate
from zenml.stack.flavor import Flavor

from pipelines import schedule
from serving.alerts.alert import new_alert
from serving.settings import read_settings
from steps.monitoring.alerting import tell, tell_of_failure
from steps.monitoring.webhook_alerter import FLAVOR, WebhookAlerter, WebhookAlerterFlavor
from tests.conftest import forget_stacks, without_alerter
from tests.receiver import Receiver, receiving
from zenml_config.stack import ALERTER, register_stack

ALERT = new_alert("RetrainingFailed", "so", runbooks="guide", facts={"run": "retraining-1"})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def stack_with_alerter(zenml_stack: None, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HPP_ALERT_WEBHOOK", receiver.url)
    register_stack()
    forget_stacks()
    yield
    without_alerter()


@step(enable_cache=False)
def breaks() -> None:
    raise ValueError("on purpose")


@pipeline(execution_mode=ExecutionMode.FAIL_FAST, on_failure=tell_of_failure)
def breaking() -> None:
    breaks()


@pytest.mark.usefixtures("stack_with_alerter")
def test_an_alerter_whose_module_has_moved_since_it_was_registered_is_found_again() -> None:
    client = Client()
    (flavor,) = client.list_flavors(name=FLAVOR)
    client.zen_store.update_flavor(flavor.id, FlavorUpdate(source="steps.webhook_alerter.WebhookAlerterFlavor"))
    with pytest.raises(CustomFlavorImportError):
        Flavor.from_model(client.get_flavor(flavor.id))
    register_stack()
    assert isinstance(Flavor.from_model(client.get_flavor(flavor.id)), WebhookAlerterFlavor)


@pytest.mark.usefixtures("stack_with_alerter")
def test_the_stack_has_our_alerter_where_a_webhook_is_set_and_keeps_its_address_to_itself(receiver: Receiver) -> None:
    alerter = Client().active_stack.alerter
    assert isinstance(alerter, WebhookAlerter)
    assert receiver.url not in str(Client().get_stack_component("alerter", ALERTER).model_dump())
    assert tell([ALERT], read_settings()) == [True]
    assert receiver.messages[0]["facts"] == {"run": "retraining-1"}
    assert alerter.post("a step said so")  # as ZenML's own hooks do
    assert receiver.messages[1]["summary"] == "a step said so"
    with pytest.raises(NotImplementedError, match="takes no answers"):
        alerter.ask("may I?")


@pytest.mark.usefixtures("stack_with_alerter")
def test_a_failed_step_is_told_with_its_reason(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="on purpose"):
        breaking()
    assert receiver.names == ["PipelineFailed firing"]
    assert receiver.messages[0]["summary"] == "breaking failed in the step breaks: ValueError: on purpose"


def test_nothing_that_is_wrong_with_alerts_stops_who_tells(
    zenml_stack: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert tell([ALERT], read_settings()) == [True]  # nobody is to be told: the log has it
    assert "RetrainingFailed: so" in caplog.text
    monkeypatch.setenv("HPP_ALERT_WEBHOOK", "http://alerts.example.com/token")
    assert tell([ALERT], read_settings()) == [False]
    assert "HPP_ALERT_WEBHOOK: wanted https" in caplog.text
    assert "token" not in caplog.text


def test_an_orchestrator_without_a_clock_says_what_to_use_instead(
    zenml_stack: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert schedule.main(["7 * * * *"]) == 1
    assert "keeps no schedules. Let cron or systemd call `make monitor`" in capsys.readouterr().err
