"""Alerts over the wire, to a real receiver."""

import base64
import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from serving.alerts.alert import MOST_CHARACTERS, new_alert
from serving.alerts.webhook import MOST_BYTES, Webhook, read_secret
from serving.errors import AlertsError
from tests.ports import free_port
from tests.receiver import Receiver, receiving

SECRET = b"k" * 32
ALERT = new_alert("DriftDetected", "RM has drifted", runbooks="docs/operations.md", impact="+2100 USD", now=0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def webhook(receiver: Receiver, secret: bytes = SECRET) -> Webhook:
    return Webhook(receiver.url, secret, first_pause_s=0.01, timeout_s=1)


def test_an_alert_is_delivered_once_as_json_with_a_signature_that_the_receiver_can_check(receiver: Receiver) -> None:
    assert webhook(receiver).deliver(ALERT)
    (headers,), (body,), (message,) = receiver.headers, receiver.bodies, receiver.messages
    assert headers["content-type"] == "application/json"
    assert (message["name"], message["severity"], message["impact"]) == ("DriftDetected", "warning", "+2100 USD")
    assert message["runbook"] == "docs/operations.md#driftdetected"
    assert message["text"].startswith("[WARNING] DriftDetected: RM has drifted\nImpact: +2100 USD\nTo do: Look at")
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_without_a_secret_it_is_not_signed(receiver: Receiver) -> None:
    assert webhook(receiver, secret=b"").deliver(ALERT)
    assert "webhook-signature" not in receiver.headers[0]


def test_a_receiver_in_trouble_is_asked_again_with_the_same_id(receiver: Receiver) -> None:
    receiver.codes += [503, 429]
    assert webhook(receiver).deliver(ALERT)
    assert len(receiver.bodies) == 3
    assert len({headers["webhook-id"] for headers in receiver.headers}) == 1


@pytest.mark.parametrize(("code", "attempts"), [(500, 4), (400, 1), (302, 1), (307, 1)])
def test_a_refusal_is_final_a_fault_is_tried_four_times_and_a_redirection_is_not_followed(
    receiver: Receiver, code: int, attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.codes += [code] * 10
    assert not webhook(receiver).deliver(ALERT)
    assert len(receiver.bodies) == attempts
    assert f"{code}" in caplog.text


def test_a_receiver_that_is_not_there_costs_an_error_in_the_log_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    dead = Webhook(f"http://127.0.0.1:{free_port()}/token-in-the-path", SECRET, first_pause_s=0.01)
    assert not dead.deliver(ALERT)
    assert "Alert DriftDetected was not taken by 127.0.0.1" in caplog.text
    assert "token-in-the-path" not in caplog.text
    assert SECRET.decode() not in caplog.text


def test_a_receiver_that_never_ends_its_answer_is_left_behind(receiver: Receiver) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            handler.wfile.write(b"X-More: and more\r\n")
            time.sleep(0.05)

    receiver.answer = drip
    started = time.monotonic()
    assert not webhook(receiver).deliver(ALERT, deadline_s=0.3)
    assert time.monotonic() - started < 3  # the answer takes five seconds


def test_a_huge_answer_is_not_read(receiver: Receiver) -> None:
    refused = threading.Event()

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(10_000):
                handler.wfile.write(b"x" * 100_000)
        except OSError:
            refused.set()

    receiver.answer = flood
    assert webhook(receiver).deliver(ALERT)
    assert refused.wait(10)


def test_a_message_is_bounded_whatever_is_put_into_it(receiver: Receiver) -> None:
    facts: dict[str, str | float] = {"callers": "x" * MOST_BYTES}
    alert = new_alert("DriftDetected", "y" * 10_000, runbooks="r", facts=facts)
    assert len(alert.summary) == MOST_CHARACTERS
    assert webhook(receiver).deliver(alert)
    assert len(receiver.bodies[0]) < MOST_BYTES
    assert receiver.messages[0]["facts"] == {}
    assert receiver.messages[0]["summary"] == alert.summary


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("http://alerts.example.com/token", "got http://alerts.example.com, which anybody on the way could read"),
        ("ftp://127.0.0.1/token", "got ftp://127.0.0.1"),
        ("https:///token", "without a host"),
        ("https://host/to ken", "blanks"),
        ("https://host/token\r\nHost: other", "blanks"),
        ("https://me:token@host/", "with a user's name"),
        ("https://host:port/token", "no address"),
        ("file:///etc/token", "without a host"),
    ],
)
def test_alerts_go_to_https_or_to_this_machine_and_a_refused_address_is_not_repeated(address: str, fault: str) -> None:
    with pytest.raises(AlertsError, match=r"HPP_ALERT_WEBHOOK: wanted https") as told:
        Webhook(address)
    assert fault in told.value.info
    assert "token" not in told.value.info.replace("Put a token", "")


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    place = tmp_path / "secret"
    place.write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    assert read_secret(str(place)) == SECRET
    assert read_secret("") == b""


@pytest.mark.parametrize(
    "text", ["", "whsec_", "hunter2hunter2", "whsec_a2V5", "whsec_???", base64.b64encode(SECRET).decode()]
)
def test_another_file_is_no_secret_and_is_not_repeated(tmp_path: Path, text: str) -> None:
    place = tmp_path / "file"
    place.write_text(text)
    with pytest.raises(AlertsError, match=r"HPP_ALERT_SECRET_FILE is .*openssl rand") as told:
        read_secret(str(place))
    assert len(text) < 8 or text not in told.value.info
    with pytest.raises(AlertsError, match="unreadable"):
        read_secret(str(tmp_path / "none"))
