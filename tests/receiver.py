"""A receiver of alerts on a port of this machine, which answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Receiver:
    """What came, in order: the headers in lower case, and the bodies.

    Attributes:
        codes: the answers to come; after them 204.
    """

    url: str
    codes: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer: Answer | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The bodies, read."""
        return [json.loads(body) for body in self.bodies]

    @property
    def names(self) -> list[str]:
        """What the messages are called, and whether they fire."""
        return [f"{message['name']} {message['status']}" for message in self.messages]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            found.bodies.append(body)
            if found.answer is not None:
                return found.answer(self)
            self.send_response(found.codes.pop(0) if found.codes else 204)
            self.send_header("Location", found.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class' name
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Receiver(f"http://127.0.0.1:{server.server_port}/token-in-the-path")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
