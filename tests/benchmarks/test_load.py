"""What is sent under load, and what is read from wrk's output (the samples are outputs of real runs)."""

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.load import Load, find_wrk, parse, run, script
from benchmarks.requests import Requests

SAMPLES = Path(__file__).parent / "samples"
ASKED = Requests("row", "/predict", (b'{"a":[[1]]}', b'{"a":"quote \\" and [brackets]"}', b'{"a":3}'))
HEADERS = {"Content-Type": "application/json", "X-API-Key": "the-key"}


class Recorder(BaseHTTPRequestHandler):
    """Keeps what was sent; answers 503 on the path /refused."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:  # the base class wants this name
        """Keep the request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers["X-API-Key"], body))
        self.send_response(503 if self.path == "/refused" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def recorder() -> Iterator[tuple[int, list[tuple[str, str | None, bytes]]]]:
    """A server's port, and what it was sent."""

    class Own(Recorder):
        seen: list[tuple[str, str | None, bytes]] = []  # noqa: RUF012  # one list for each test

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, Own.seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def wrk() -> str:
    """The path of wrk; a test that needs it is skipped where there is none, and fails there under CI."""
    path = shutil.which("wrk")
    if path is None:
        absent = "wrk is not installed (Debian: apt-get install wrk)"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return str(path)


def test_the_figures_of_a_run_are_read() -> None:
    assert parse((SAMPLES / "wrk.txt").read_text()) == Load(8660, 1.004856, 0.534, 7.973, 11.848, 0)


def test_refused_requests_end_the_run() -> None:
    with pytest.raises(SystemExit, match="1792 of 1792 requests failed"):
        parse((SAMPLES / "wrk-refused.txt").read_text())


def test_an_output_without_a_result_ends_the_run() -> None:
    with pytest.raises(SystemExit, match="no result"):
        parse("Requests/sec:   8618.15\n")


def test_a_missing_wrk_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="apt-get install wrk"):
        find_wrk()


def test_every_body_is_sent_in_turn_with_the_key(
    wrk: str, recorder: tuple[int, list[tuple[str, str | None, bytes]]], tmp_path: Path
) -> None:
    port, seen = recorder
    (tmp_path / "load.lua").write_text(script(ASKED, HEADERS))
    load = run(wrk, tmp_path / "load.lua", port, connections=1, seconds=1)
    assert sorted(seen[:3]) == sorted(("/predict", "the-key", body) for body in ASKED.bodies)
    assert seen[3:6] == seen[:3]
    assert load.requests in (len(seen), len(seen) - 1)  # the last one may be under way when the time is over
    assert load.errors == 0


def test_a_target_that_refuses_ends_the_run(
    wrk: str, recorder: tuple[int, list[tuple[str, str | None, bytes]]], tmp_path: Path
) -> None:
    (tmp_path / "load.lua").write_text(script(Requests("row", "/refused", ASKED.bodies), HEADERS))
    with pytest.raises(SystemExit, match="requests failed"):
        run(wrk, tmp_path / "load.lua", recorder[0], connections=1, seconds=1)
