"""Istio, as the operator has it route: an address for callers, split by traffic, and one for each predictor."""

import contextlib
import http.client
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from steps.core.predictors import service_name
from tests.kubernetes.api_server import ApiServer

GATEWAY = "/seldon/house-prices/house-price/"  # the prefix that the operator routes, and cuts off


@dataclass
class Mesh:
    """Where the pods of each predictor are.

    Attributes:
        ports: of each predictor's service, by the service's name.
        address: of the mesh.
    """

    cluster: ApiServer
    ports: dict[str, int] = field(default_factory=dict)
    address: str = ""
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311  # which call goes where

    def port_of(self, path: str) -> tuple[int, str]:
        """Where a call goes, and its path there."""
        if not path.startswith(GATEWAY):
            service, _, rest = path.removeprefix("/service/").partition("/")
            return self.ports[service], f"/{rest}"
        (found,) = self.cluster.objects.values()
        answering = [one for one in found["spec"]["predictors"] if not one.get("shadow")]
        (chosen,) = self.dice.choices(answering, [one.get("traffic", 0) for one in answering])
        return self.ports[service_name(found["metadata"]["name"], chosen["name"])], f"/{path.removeprefix(GATEWAY)}"


@contextlib.contextmanager
def running(mesh: Mesh) -> Iterator[None]:
    """The mesh answers on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            port, path = mesh.port_of(self.path)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(self.command, path, body, dict(self.headers))
            answer = connection.getresponse()
            sent = answer.read()
            connection.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _forward  # noqa: N815  # the base class' names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class' name
            """Leave the calls out of the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mesh.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
