"""The console's process: the page's files, and calls that it passes on to a real service."""

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import pytest

from serving.console.answers import Console
from serving.console.assets import POLICY
from serving.console.http_server import MOST_BODY_BYTES, serve
from serving.console.links import Links
from serving.console.upstream import Upstream
from serving.process.processes import listeners
from serving.settings import Settings
from tests.ports import free_port
from tests.serving.conftest import PREDICTIONS, Client, Reply

HOST = "127.0.0.1"
HOUSE = {"data": {"names": ["house_id"], "ndarray": [[17]]}}


def running(upstream: Upstream, settings: Settings, **changes: Any) -> Iterator[int]:
    """The port of a console of that service."""
    server = serve(HOST, 0, Console(upstream, settings.model_copy(update=changes)))
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def port(client: Client, serving_settings: Settings, metrics_port: int) -> Iterator[int]:
    """A console of the running service."""
    yield from running(Upstream(HOST, client.service.port, metrics_port), serving_settings)


@pytest.fixture
def alone(serving_settings: Settings) -> Iterator[int]:
    """A console whose service is down."""
    yield from running(Upstream(HOST, free_port(), 0), serving_settings)


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    with closing(http.client.HTTPConnection(HOST, port, timeout=30)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def price(port: int, key: str, message: Any = HOUSE, **headers: str) -> Reply:
    sent = {"content_type": "application/json"} | headers
    return ask(port, "POST", PREDICTIONS, json.dumps(message).encode(), x_api_key=key, **sent)


def test_the_page_comes_with_headers_that_let_nothing_foreign_in(alone: int) -> None:
    page = ask(alone, "GET", "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert (page.headers["x-content-type-options"], page.headers["referrer-policy"]) == ("nosniff", "no-referrer")
    again = ask(alone, "GET", "/", if_none_match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert ask(alone, "HEAD", "/app.js").body == b""


def test_a_price_is_the_services_own_answer_and_is_kept_nowhere(port: int, client: Client) -> None:
    found = price(port, client.key)
    assert found.prices == client.post(HOUSE).prices
    assert found.headers["cache-control"] == "no-store"


def test_a_refusal_is_the_services_own_with_what_a_reader_needs_to_wait(port: int, client: Client) -> None:
    refused = price(port, "hpp_0_0")
    assert (refused.status, refused.json["status"]["reason"]) == (401, "UNAUTHORIZED")
    assert price(port, client.key, {"data": {"names": ["house_id"], "ndarray": [["x"]]}}).status == 422


@pytest.mark.parametrize("path", ["/metadata", "/seldon.json", "/health/ready", "/versions"])
def test_what_is_open_at_the_service_is_open_here(port: int, client: Client, path: str) -> None:
    assert ask(port, "GET", path).json == client.call("GET", path).json


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1.0/feedback"),
        ("POST", "/api/v1.0/feedback"),
        ("GET", "/api/v1.0/receipts/../../metadata"),
        ("GET", "/api/v1.0/receipts/.."),
        ("GET", "/app.py"),
        ("GET", "/../server.py"),
        ("POST", "/metadata"),
        ("GET", "//example.org/metadata"),
    ],
)
def test_nothing_else_is_passed_on(alone: int, method: str, path: str) -> None:
    """The service of this console is down: what went through would be a 503."""
    refused = ask(alone, method, path, b"{}" if method == "POST" else None, content_type="application/json")
    assert (refused.status, refused.json["status"]["reason"]) == (404, "PATH_NOT_FOUND")


def test_what_the_page_would_not_send_is_refused(alone: int) -> None:
    assert price(alone, "k", sec_fetch_site="cross-site").status == 403
    assert ask(alone, "GET", "/figures.json", sec_fetch_site="same-site").status == 403
    assert price(alone, "k", content_type="application/x-www-form-urlencoded").status == 415
    assert ask(alone, "POST", PREDICTIONS, b" " * (MOST_BODY_BYTES + 1)).status == 413
    assert ask(alone, "POST", "/").status == 405
    assert ask(alone, "POST", PREDICTIONS, b"{}", content_length="2", transfer_encoding="chunked").status == 411
    assert ask(alone, "POST", PREDICTIONS, b"{}", content_length="9" * 5000).status == 413


def test_the_body_of_a_question_is_not_taken_for_the_next_one(alone: int) -> None:
    hidden = b"GET /icon.svg HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((HOST, alone), timeout=30) as connection:
        length = f"Content-Length: {len(hidden)}"
        connection.sendall(f"GET /console.json HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n".encode() + hidden)
        with connection.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 ") == 1


def test_a_service_that_is_down_is_named(alone: int) -> None:
    refused = price(alone, "k")
    assert (refused.status, refused.json["status"]["reason"]) == (503, "SERVICE_UNREACHABLE")
    assert "retry-after" in refused.headers


def test_the_figures_are_those_of_the_service(port: int, client: Client) -> None:
    before = ask(port, "GET", "/figures.json").json
    client.post(HOUSE)
    after = ask(port, "GET", "/figures.json").json

    def priced(figures: Any) -> float:
        return sum(one["count"] for one in figures["requests"] if (one["path"], one["code"]) == (PREDICTIONS, "200"))

    assert priced(after) == priced(before) + 1
    assert after["latency"][-1] == [None, before["latency"][-1][1] + 1]
    assert after["model"]["version"] == "1"
    assert after["rollout"] is None


def test_the_page_is_told_whether_it_needs_a_key_and_which_links_answer(
    serving_settings: Settings, client: Client
) -> None:
    here = f"http://{HOST}:{client.service.port}/runs/{{zenml_run_id}}"
    set_ = {"authentication": "off", "console_zenml_run": here, "console_data_docs": f"http://{HOST}:{free_port()}/"}
    set_ |= {"console_mlflow_run": ""}
    for port in running(Upstream(HOST, 1, 0), serving_settings, **set_):
        told = ask(port, "GET", "/console.json").json
    assert told["needs_key"] is False
    links = {one["name"]: (one["url"], one["answers"]) for one in told["links"]}
    assert links == {"zenml_run": (here, True), "data_docs": (set_["console_data_docs"], False)}


def test_links_of_a_console_for_other_machines_are_not_judged_from_here() -> None:
    gone = f"http://{HOST}:{free_port()}/"
    assert Links({"data_docs": gone}, reader_is_here=True).current()[0]["answers"] is False
    assert Links({"data_docs": gone}, reader_is_here=False).current()[0]["answers"] is True


def test_a_service_has_its_console_and_gets_a_new_one_when_that_dies(client: Client, console_port: int) -> None:
    deadline = time.monotonic() + 60
    first = await_listener(console_port, deadline)
    assert ask(console_port, "GET", "/health/ready").json["version"] == "1"
    assert price(console_port, client.key).prices == client.post(HOUSE).prices
    os.kill(first, signal.SIGKILL)
    while (second := await_listener(console_port, deadline)) == first:
        time.sleep(0.05)
    assert ask(console_port, "GET", "/").status == 200
    assert client.post(HOUSE).status == 200
    assert psutil.Process(second).ppid() == client.service.pid


def await_listener(port: int, deadline: float) -> int:
    """The process that listens on the port."""
    while not (found := [pid for pid in listeners(port) if pid]):
        assert time.monotonic() < deadline, "the console did not start"
        time.sleep(0.05)
    return found[0]
