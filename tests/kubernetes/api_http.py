"""The double of the API server on a port."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.kubernetes.api_server import ApiServer, Refusal

VERBS = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}


@contextlib.contextmanager
def running(server: ApiServer, kubeconfig: Path) -> Iterator[None]:
    """The server answers on a port of its own, which the kubeconfig names."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            applies = "apply-patch" in (self.headers.get("Content-Type") or "")
            verb = "apply" if applies else VERBS[self.command]
            try:
                code, body = 200, server.answer(verb, parts.path, query, yaml.safe_load(data) or {})
            except Refusal as refusal:
                code, body = refusal.code, refusal.body
            sent = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_PATCH = do_DELETE = _answer  # noqa: N815  # the base class' names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class' name
            """Leave the calls out of the log."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_port}"
    clusters = [{"name": "test", "cluster": {"server": server.address}}]
    contexts = [{"name": "test", "context": {"cluster": "test", "user": "tester", "namespace": "house-prices"}}]
    users = [{"name": "tester", "user": {"token": "test"}}]
    content = {"apiVersion": "v1", "kind": "Config", "current-context": "test"}
    kubeconfig.write_text(yaml.safe_dump({**content, "clusters": clusters, "contexts": contexts, "users": users}))
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
