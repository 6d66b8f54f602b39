"""What a message is made of."""

from serving.alerts.alert import new_alert, of_text
from serving.alerts.catalogue import KINDS


def test_a_message_has_all_that_its_reader_needs() -> None:
    alert = new_alert("DriftDetected", "RM", runbooks="https://x/ops", key="house-price", impact="a", done="b", now=0)
    assert (alert.key, alert.severity, alert.time) == ("DriftDetected/house-price", "warning", "1970-01-01T00:00:00Z")
    assert alert.text.splitlines() == [
        "[WARNING] DriftDetected: RM",
        "Impact: a",
        "Done by itself: b",
        f"To do: {KINDS['DriftDetected'].to_do}",
        "Runbook: https://x/ops#driftdetected",
    ]


def test_what_is_over_asks_for_nothing() -> None:
    alert = new_alert("ModelErrorHigh", "fine", runbooks="r", resolved=True)
    assert (alert.status, alert.severity, alert.to_do) == ("resolved", "info", "Nothing.")
    assert alert.text.startswith("[RESOLVED] ModelErrorHigh: fine")


def test_the_id_is_of_the_event_not_of_the_attempt() -> None:
    first, second = (new_alert("RolloutBetter", "x", runbooks="r", key="v2", event="e", now=now) for now in (1, 2))
    assert first.id == second.id
    assert new_alert("RolloutBetter", "x", runbooks="r", key="v2", now=1).id != first.id


def test_text_alone_is_a_message_too() -> None:
    assert of_text("step failed", "r").summary == "step failed"
