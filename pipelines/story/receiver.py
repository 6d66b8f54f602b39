"""Whoever is on call in the story: a receiver of the platform's alerts on a port of this machine."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Tell = Callable[[dict[str, Any]], None]


@contextmanager
def on_call(address: str, tell: Tell) -> Iterator[None]:
    """Take the alerts that are sent to the address, and tell each once, until the end."""
    known: set[str] = set()
    only_one = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with only_one:
                if message["id"] not in known:
                    known.add(message["id"])
                    tell(message)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class' name
            """Say nothing: the timeline has it."""

    where = urlsplit(address)
    server = ThreadingHTTPServer((where.hostname or "", where.port or 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="on call", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
