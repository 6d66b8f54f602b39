"""Delivers alerts to a web address, signed, and never at the cost of who sends them.

The signature is that of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, so
that a receiver can check it with any of its libraries, refuse old messages, and know a repeated one by its id.

The address is treated as a secret, since many chat products put their token into it: it is in no log and no error.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import logging
import random
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from serving.alerts.alert import Alert
from serving.errors import AlertsError
from serving.settings import Settings

logger = logging.getLogger(__name__)
ATTEMPTS = 4
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 10.0
TIMEOUT_S = 5.0  # of one connection, and of each wait for an answer
DEADLINE_S = 30.0  # of all attempts
MOST_BYTES = 64 * 1024
SECRET_PREFIX = "whsec_"  # noqa: S105  # how Standard Webhooks marks one
FEWEST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64  # as Standard Webhooks has it


class Webhook:
    """A receiver of alerts.

    Args:
        address: https, or http on this machine.
        secret: the key of the signatures; empty: none, for receivers whose address is the secret.
        first_pause_s: before the second attempt; each later pause is twice as long.
        timeout_s: of one attempt.

    Raises:
        AlertsError: the address is of another kind.
    """

    def __init__(
        self, address: str, secret: bytes = b"", first_pause_s: float = FIRST_PAUSE_S, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.host, loopback = _checked(address)
        self._address, self._secret = address, secret
        self._first_pause_s, self._timeout_s = first_pause_s, timeout_s
        proxies = [urllib.request.ProxyHandler({})] if loopback else []  # else those of the environment
        self._opener = urllib.request.build_opener(_NoRedirect, *proxies)

    def deliver(self, alert: Alert, deadline_s: float = DEADLINE_S) -> bool:
        """Whether the receiver took it, at most `deadline_s` later; why not is in the log."""
        answers: list[bool] = []
        ends = time.monotonic() + deadline_s
        # A receiver that answers a byte at a time outlasts every timeout of a socket: it is left behind.
        sending = threading.Thread(target=lambda: answers.append(self._attempts(alert, ends)), daemon=True)
        sending.start()
        sending.join(deadline_s)
        if not answers:
            logger.error("Alert %s was not taken by %s within %g s.", alert.name, self.host, deadline_s)
        return bool(answers and answers[0])

    def _attempts(self, alert: Alert, ends: float) -> bool:
        body = encoded(alert)
        for attempt in range(ATTEMPTS):
            fault, again_after_s = self._post(alert, body)
            if not fault:
                return True
            pause_s = max(again_after_s, self._first_pause_s * 2**attempt * random.uniform(0.75, 1.25))  # noqa: S311  # no secret
            if again_after_s < 0 or attempt == ATTEMPTS - 1 or time.monotonic() + pause_s > ends:
                break
            time.sleep(min(pause_s, LONGEST_PAUSE_S))
        logger.error("Alert %s was not taken by %s (attempt %d): %s.", alert.name, self.host, attempt + 1, fault)
        return False

    def _post(self, alert: Alert, body: bytes) -> tuple[str, float]:
        """What went wrong, or nothing, and the least pause before another attempt, in seconds; below 0: none."""
        headers = {"Content-Type": "application/json", "User-Agent": "house-price-platform"}
        headers |= signature(alert.id, int(time.time()), body, self._secret)
        request = urllib.request.Request(self._address, body, headers, method="POST")  # noqa: S310  # checked before
        try:
            with self._opener.open(request, timeout=self._timeout_s) as reply:
                reply.read(1)
            return "", 0.0
        except urllib.error.HTTPError as err:
            err.close()
            if 300 <= err.code < 400:
                return f"it redirects ({err.code}), which is not followed", -1.0
            final = 400 <= err.code < 500 and err.code not in (408, 425, 429)
            return f"it answered {err.code}", -1.0 if final else _retry_after(err)
        except (OSError, http.client.HTTPException, ValueError) as err:
            reason = getattr(err, "reason", None) or type(err).__name__
            return f"no answer ({reason if isinstance(reason, OSError) else type(err).__name__})", 0.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Who may hear of an alert is said in the settings, not by a receiver."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Nothing: the redirection is an error."""


def encoded(alert: Alert) -> bytes:
    """The body: the alert as JSON with its `text`; without its facts where it would be too large."""
    everything = {**msgspec.to_builtins(alert), "text": alert.text}
    body = msgspec.json.encode(everything)
    return body if len(body) <= MOST_BYTES else msgspec.json.encode(everything | {"facts": {}})


def signature(message: str, timestamp: int, body: bytes, secret: bytes) -> dict[str, str]:
    """The headers `webhook-id`, `webhook-timestamp` and, if there is a secret, `webhook-signature`."""
    name = f"msg_{hashlib.sha256(message.encode()).hexdigest()[:32]}"  # without dots, as the standard has it
    headers = {"Webhook-Id": name, "Webhook-Timestamp": str(timestamp)}
    if secret:
        digest = hmac.new(secret, f"{name}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        headers["Webhook-Signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def open_webhook(settings: Settings) -> Webhook | None:
    """The receiver that HPP_ALERT_WEBHOOK names, or None: there is none.

    Raises:
        AlertsError: the address or the secret is not usable.
    """
    address = settings.alert_webhook.get_secret_value()
    return Webhook(address, read_secret(settings.alert_secret_file)) if address else None


def read_secret(place: str) -> bytes:
    """The key in the file, which holds `whsec_` and the key in base64; nothing if no file is named.

    Raises:
        AlertsError: it is not there, or holds something else.
    """
    if not place:
        return b""
    wanted = f"Wanted {SECRET_PREFIX} and {FEWEST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes in base64"
    mend = f"(printf '{SECRET_PREFIX}%s' \"$(openssl rand -base64 32)\" > {place})"
    try:
        text = Path(place).read_text().strip()
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as err:
        fault = type(err).__name__  # the error's own words could repeat the secret
        raise AlertsError(f"HPP_ALERT_SECRET_FILE is {place!r}, unreadable ({fault}). {wanted} {mend}.") from None
    if not text.startswith(SECRET_PREFIX) or not FEWEST_SECRET_BYTES <= len(secret) <= MOST_SECRET_BYTES:
        raise AlertsError(f"HPP_ALERT_SECRET_FILE is {place!r}, which holds another thing. {wanted} {mend}.")
    return secret


def _checked(address: str) -> tuple[str, bool]:
    """The host that may be told, and whether it is this machine.

    Raises:
        AlertsError: no address that alerts are sent to.
    """
    wanted = "HPP_ALERT_WEBHOOK: wanted https://host/path, or http:// on this machine"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise AlertsError(f"{wanted}; got what is no address (it is not shown: it may be a secret).") from None
    if not host or not address.isascii() or any(not "!" <= letter <= "~" for letter in address):
        raise AlertsError(f"{wanted}; got an address without a host, or with blanks in it.")
    if parts.username or parts.password:
        raise AlertsError(f"{wanted}; got one with a user's name. Put a token into the path, or sign the messages.")
    loopback = _is_loopback(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise AlertsError(f"{wanted}; got {parts.scheme}://{host}, which anybody on the way could read.")
    return host, loopback


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _retry_after(err: urllib.error.HTTPError) -> float:
    """The seconds that the receiver asks for; 0 if it says none, or a date."""
    said = err.headers.get("Retry-After", "") if err.headers else ""
    return float(said) if said.isdecimal() and len(said) < 6 else 0.0
