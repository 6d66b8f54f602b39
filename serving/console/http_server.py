"""The console's HTTP: a thread for each of a bounded number of callers, with Python's own server."""

import logging
import socket
import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from serving.console.answers import JSON, Console
from serving.console.assets import SECURITY_HEADERS, Asset
from serving.errors import NoLengthError, ServingError, TooLargeError
from serving.protocol.faults import error_body

logger = logging.getLogger(__name__)
MOST_BODY_BYTES = 65_536  # the page asks for one house at a time
MOST_CALLERS = 64
IDLE_S = 30
NOT_KEPT = ("Cache-Control", "no-store")


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
        # A body would be taken for the next request of the connection.
        self.close_connection |= any(name in self.headers for name in ("Content-Length", "Transfer-Encoding"))
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
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            raise NoLengthError("Wanted the header Content-Length with the body's length in bytes, and no other.")
        if len(length) > len(str(MOST_BODY_BYTES)) or int(length) > MOST_BODY_BYTES:  # int() raises on endless digits
            raise TooLargeError(f"The console passes on up to {MOST_BODY_BYTES} bytes. Call the service itself.")
        return self.rfile.read(int(length))

    def _pass_on(self, method: str, path: str, body: bytes) -> None:
        try:
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
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
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
