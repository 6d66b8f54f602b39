"""Calls of the service's public API on behalf of the page: nothing else of the service is read."""

import contextlib
import http.client
import re
from dataclasses import dataclass
from email.message import Message

from serving.errors import ServiceUnreachableError

Headers = Message  # whose names have no case
TIMEOUT_S = 15.0
# What the page may ask of the service, by method: a list, so that no path of another kind is passed on.
OPEN = frozenset(
    f"GET {path}" for path in ("/metadata", "/seldon.json", "/drift", "/versions", "/health/ready", "/metrics")
)
PREDICT = "POST /api/v1.0/predictions"
# Whatever was typed as a receipt, so that the service says what is wrong with it; one that leads elsewhere is none.
RECEIPT = re.compile(
    r"GET /api/v1\.0/receipts/(?!\.\.?(/|$))[A-Za-z0-9._%~-]{1,300}(/[A-Za-z0-9_%~-]{1,20})?", re.ASCII
)
SENT = ("X-API-Key", "Content-Type")
HANDED_ON = ("Content-Type", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "WWW-Authenticate")
EVERY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # where to call who listens there


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the service answers.

    Attributes:
        metrics_port: where its figures are read, so that no worker has to add them up; 0: its own port.
    """

    host: str
    port: int
    metrics_port: int


@dataclass(frozen=True, slots=True)
class Passed:
    """What the service answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def is_known(method: str, path: str) -> bool:
    """Whether the page may ask for this."""
    asked = f"{method} {path}"
    return asked in OPEN or asked == PREDICT or RECEIPT.fullmatch(asked) is not None


def ask(upstream: Upstream, method: str, path: str, headers: Headers, body: bytes = b"") -> Passed:
    """The service's answer to a call that `is_known`; of the caller's headers only the key and the type go along.

    Raises:
        ServiceUnreachableError: it does not answer.
    """
    if path == "/metrics" and upstream.metrics_port:
        with contextlib.suppress(ServiceUnreachableError):  # it opens a little after the service
            return _ask(upstream.host, upstream.metrics_port, method, path, headers, body)
    return _ask(upstream.host, upstream.port, method, path, headers, body)


def _ask(host: str, port: int, method: str, path: str, headers: Headers, body: bytes) -> Passed:
    host = EVERY_HOST.get(host, host)
    sent = {name: headers[name] for name in SENT if name in headers}
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        with contextlib.closing(connection):
            connection.request(method, path, body if method == "POST" else None, sent)
            response = connection.getresponse()
            kept = [(name, value) for name in HANDED_ON if (value := response.getheader(name)) is not None]
            return Passed(response.status, tuple(kept), response.read())
    except (OSError, http.client.HTTPException, ValueError) as err:  # ValueError: a header that is none
        raise ServiceUnreachableError(
            f"The service does not answer on port {port} ({type(err).__name__}). See `python -m serving.server status`."
        ) from err
