"""The console: one web page beside the service, in a process of its own.

`python -m serving.console.server --host H --port P --service-port N --metrics-port M`; the server starts it and it ends
with it. It keeps nothing and knows no key: it hands the page out, passes the page's calls on to the service's public
API with the reader's own key, and answers what the service answers.
"""

import argparse
import logging
import signal
import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from serving.console.assets import SECURITY_HEADERS, Asset, read_assets
from serving.console.figures import read_figures
from serving.console.links import Links
from serving.console.upstream import Headers, Passed, Upstream, ask, is_known
from serving.errors import (
    ForeignPageError,
    MediaTypeError,
    MethodError,
    ServingError,
    TooLargeError,
    UnknownPathError,
)
from serving.process.processes import end_with_parent
from serving.protocol.faults import error_body
from serving.settings import Settings, read_settings

logger = logging.getLogger(__name__)
MOST_BODY_BYTES = 65_536  # the page asks for one house at a time
MOST_CALLERS = 64
IDLE_S = 30
JSON = "application/json"
NOT_KEPT = ("Cache-Control", "no-store")
LINKS = ("zenml_run", "mlflow_run", "data_docs", "eda_report", "drift_report")


class Console:
    """What the page is answered with.

    Args:
        upstream: where the service answers.
        settings: whether a call needs a key, and the pages to point to.
    """

    def __init__(self, upstream: Upstream, settings: Settings) -> None:
        self.upstream = upstream
        self.assets = read_assets()
        self.needs_key = settings.authentication == "on"
        self.links = Links({name: getattr(settings, f"console_{name}") for name in LINKS})

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Passed:
        """The answer to a call that is no file of the page.

        Raises:
            ServingError: with the status for the caller.
        """
        if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise ForeignPageError("Only the console's own page may call this. Call the service itself.")
        if (method, path) == ("GET", "/console.json"):
            return _json({"needs_key": self.needs_key, "links": self.links.current()})
        if (method, path) == ("GET", "/figures.json"):
            found = ask(self.upstream, method, "/metrics", headers)
            return _json(read_figures(found.body.decode())) if found.status == HTTPStatus.OK else found
        if not is_known(method, path):
            raise UnknownPathError(f"The console has nothing under {path[:100]}.")
        if method == "POST" and headers.get("Content-Type", "").partition(";")[0].strip().lower() != JSON:
            raise MediaTypeError(f"Wanted the header Content-Type: {JSON}.")
        return ask(self.upstream, method, path, headers, body)


def _json(value: Any) -> Passed:
    return Passed(HTTPStatus.OK, (("Content-Type", JSON),), msgspec.json.encode(value))


class Handler(BaseHTTPRequestHandler):
    """One caller's connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "console", ""
    timeout = IDLE_S

    def __init__(self, console: Console, *arguments: Any) -> None:
        self.console = console
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer with a file of the page, or with what the service says."""
        path = self.path.partition("?")[0]
        asset = self.console.assets.get(path)
        if asset is None:
            self._pass_on("GET", path, b"")
        else:
            self._send_asset(asset)

    def do_HEAD(self) -> None:
        """Answer as a GET is answered, without the body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Answer with what the service says."""
        try:
            body = self._body()
        except ServingError as err:
            self.close_connection = True  # the body is still under way
            self._send_error(err)
            return
        self._pass_on("POST", self.path.partition("?")[0], body)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise TooLargeError("Wanted the header Content-Length with the body's length in bytes.")
        if int(length) > MOST_BODY_BYTES:
            raise TooLargeError(f"The console passes on up to {MOST_BODY_BYTES} bytes. Call the service itself.")
        return self.rfile.read(int(length))

    def _pass_on(self, method: str, path: str, body: bytes) -> None:
        try:
            if method == "POST" and path in self.console.assets:
                raise MethodError(f"{path} takes GET, not POST.", ("GET",))
            passed = self.console.answer(method, path, self.headers, body)
        except ServingError as err:
            self._send_error(err)
        except Exception:  # the last line: the reader gets the one shape, the log gets the trace
            logger.exception("Unexpected fault at %s", path)
            self._send_error(ServingError("An unexpected fault of the console; it is in the service's log."))
        else:
            self._send(passed.status, (*passed.headers, NOT_KEPT), passed.body)

    def _send_asset(self, asset: Asset) -> None:
        kept = (("Content-Type", asset.media_type), ("ETag", asset.tag), ("Cache-Control", "no-cache"))
        if self.headers.get("If-None-Match") == asset.tag:
            self._send(HTTPStatus.NOT_MODIFIED, kept, b"")
        else:
            self._send(HTTPStatus.OK, kept, asset.body)

    def _send_error(self, error: ServingError) -> None:
        headers = (("Content-Type", JSON), *error.headers, NOT_KEPT)
        self._send(error.status, headers, msgspec.json.encode(error_body(error)))

    def _send(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        self.send_response(status)
        for name, value in (*headers, *SECURITY_HEADERS):
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class' name
        """Leave the calls out of the log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True  # the next one may start before this one has ended

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._room = threading.BoundedSemaphore(MOST_CALLERS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(timeout=IDLE_S):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers who went away."""


def serve(host: str, port: int, console: Console) -> ThreadingHTTPServer:
    """A running server of the page."""
    server = _Server((host, port), partial(Handler, console))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    """Serve the page until SIGTERM, or until the server dies."""
    parser = argparse.ArgumentParser(prog="python -m serving.console.server", description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--service-port", type=int, required=True)
    parser.add_argument("--metrics-port", type=int, required=True, help="0: the service's own port")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    end_with_parent()
    upstream = Upstream(arguments.host, arguments.service_port, arguments.metrics_port)
    server = serve(arguments.host, arguments.port, Console(upstream, read_settings()))
    stopped.wait()
    server.server_close()


if __name__ == "__main__":
    main()
