"""What a caller sees of the gateway: TLS, keys, limits, sizes and times, in front of two real services."""

import http.client
import os
import signal
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest

from serving.service import stop
from tests.gateway.conftest import LIMIT, PREDICTIONS, Standing
from tests.haproxy import PATIENCE_S, haproxy


def test_a_call_with_a_key_is_answered_over_tls_with_the_headers_that_browsers_heed(standing: Standing) -> None:
    status, headers, reply = standing.call(X_API_Key=standing.key)
    assert (status, reply["data"]["names"][0]) == (200, "MEDV")
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert "server" not in headers
    assert UUID(headers["x-request-id"])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(standing: Standing, version: ssl.TLSVersion) -> None:
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        context = standing.gateway.tls(version)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        standing.gateway.connect(context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_todays_tls_is_spoken(standing: Standing, version: ssl.TLSVersion) -> None:
    context = standing.gateway.tls()
    context.maximum_version = version
    with standing.gateway.connect(context) as connection:
        assert connection.version() == version.name.replace("_", ".")


def test_plain_http_is_sent_on_to_https(standing: Standing) -> None:
    connection = http.client.HTTPConnection("localhost", standing.gateway.http, timeout=PATIENCE_S)
    connection.request("GET", "/seldon.json?a=1")
    reply = connection.getresponse()
    connection.close()
    assert (reply.status, reply.getheader("Location")) == (
        308,
        f"https://localhost:{standing.gateway.https}/seldon.json?a=1",
    )


def test_a_call_without_a_key_is_refused_by_the_gateway_and_one_with_a_wrong_key_by_the_service(
    standing: Standing,
) -> None:
    status, _, reply = standing.call()
    assert (status, reply["status"]["reason"]) == (401, "UNAUTHORIZED")
    status, _, reply = standing.call(X_API_Key="hpp_" + "0" * 77)
    assert (status, reply["status"]["reason"]) == (401, "UNAUTHORIZED")
    assert "not known" in reply["status"]["info"]


def test_a_key_gets_its_limit_exactly_whichever_service_answers(standing: Standing) -> None:
    statuses = [standing.call(X_API_Key=standing.limited)[0] for _ in range(LIMIT + 3)]
    assert statuses == [200] * LIMIT + [429] * 3
    _, headers, reply = standing.call(X_API_Key=standing.limited)
    assert 1 <= int(headers["retry-after"]) <= 60
    assert reply["status"]["reason"] == "RATE_LIMITED"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(standing: Standing) -> None:
    with standing.gateway.connect(standing.gateway.tls()) as connection:
        head = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: h\r\nX-API-Key: {standing.key}\r\nContent-Length: 4194305\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 16384)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "said", ["POST /predict HTTP/1.1\r\nHost: h\r\n", "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_request_that_does_not_arrive_whole_in_time_is_given_up(standing: Standing, said: str) -> None:
    with standing.gateway.connect(standing.gateway.tls()) as connection:
        connection.sendall(said.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/METRICS?x=1"])
def test_the_figures_are_not_shown_outside(standing: Standing, path: str) -> None:
    assert standing.call(b"", path, X_API_Key=standing.key)[0] == 404


def test_a_key_is_never_in_the_log(standing: Standing) -> None:
    standing.call(path=f"{PREDICTIONS}?key={standing.key}", X_API_Key=standing.key)
    log = _log_with(standing.gateway.log, f" POST {PREDICTIONS} 200 ")
    assert standing.key not in log


def _log_with(path: Path, wanted: str) -> str:
    end = time.monotonic() + PATIENCE_S
    while wanted not in (text := path.read_text()):
        assert time.monotonic() < end, text
        time.sleep(0.02)
    return text


class Recorder(BaseHTTPRequestHandler):
    """A service that is ready and keeps the headers that came."""

    came: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        """Keep what came."""
        self.came.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_what_a_caller_says_of_its_address_does_not_reach_the_service(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with haproxy(tmp_path, server.server_port, server.server_port) as gateway:
            context = gateway.tls()
            connection = http.client.HTTPSConnection("localhost", gateway.https, timeout=PATIENCE_S, context=context)
            lies = dict.fromkeys(["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "Proxy"], "10.1.2.3")
            connection.request("GET", "/seldon.json", headers=lies | {"TE": "trailers", "X-API-Key": "kept"})
            assert connection.getresponse().status == 200
            connection.close()
    finally:
        server.shutdown()
        server.server_close()
    asked = next(one for one in Recorder.came if "x-request-id" in one)
    assert (asked["x-forwarded-for"], asked["x-api-key"]) == ("127.0.0.1", "kept")
    assert not {"x-real-ip", "forwarded", "x-forwarded-host", "proxy", "te"} & asked.keys()


def test_an_address_with_many_refused_calls_is_told_to_wait(standing: Standing, tmp_path: Path) -> None:
    ports = [one.rest_port for one in standing.settings]
    with haproxy(tmp_path, *ports, max_refused="3") as gateway:
        other = Standing(gateway, standing.bundle, standing.key, "", [], [], [])
        other.up(2)
        statuses = [other.call()[0] for _ in range(2)]  # refused by the gateway, then by the service
        statuses += [other.call(X_API_Key="none")[0] for _ in range(4)]
        assert statuses == [401, 401, 401, 401, 429, 429]
        assert other.call(X_API_Key=standing.key)[1]["retry-after"] == "60"


def test_no_call_fails_while_one_of_the_services_is_stopped_and_started_again(standing: Standing) -> None:
    statuses: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set() and len(statuses) < 2000:
            statuses.append(standing.priced())

    caller = threading.Thread(target=ask)
    caller.start()
    try:
        stop(standing.services[1], standing.settings[1])
        standing.up(1)
        standing.again(1)
    finally:
        done.set()
        caller.join(PATIENCE_S)
    assert len(statuses) > 10
    assert set(statuses) == {200}


def test_a_service_that_is_killed_costs_its_callers_nothing_and_none_left_is_said_so(standing: Standing) -> None:
    try:
        os.killpg(standing.services[1].pid, signal.SIGKILL)
        assert {standing.priced() for _ in range(20)} == {200}
        standing.up(1)
        os.killpg(standing.services[0].pid, signal.SIGKILL)
        standing.up(0)
        status, headers, reply = standing.call(X_API_Key=standing.key)
        assert (status, headers["retry-after"], reply["status"]["reason"]) == (503, "2", "NO_SERVICE")
    finally:
        standing.again(0, 1)
    assert {standing.priced() for _ in range(20)} == {200}
