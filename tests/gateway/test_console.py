"""The console behind the gateway: one copy's at a time, whose figures do not mix with the other's."""

import http.client
import json
import time
from pathlib import Path
from typing import Any

from serving.console.answers import Console
from serving.console.http_server import serve
from serving.console.upstream import Upstream
from serving.settings import read_settings
from tests.haproxy import PATIENCE_S, haproxy


def test_the_second_copys_console_answers_only_while_the_first_ones_is_away(platform_dir: Path, tmp_path: Path) -> None:
    nobody = Upstream("127.0.0.1", 1, 1)
    changes: list[dict[str, Any]] = [{"authentication": "on"}, {"authentication": "off"}]
    one, two = (serve("127.0.0.1", 0, Console(nobody, read_settings().model_copy(update=change))) for change in changes)
    ports = {"console_one": f"127.0.0.1:{one.server_port}", "console_two": f"127.0.0.1:{two.server_port}"}
    try:
        with haproxy(tmp_path, 1, 1, **ports) as gateway:
            assert [_needs_key(gateway.console) for _ in range(5)] == [True] * 5
            one.shutdown()
            one.server_close()
            end = time.monotonic() + PATIENCE_S
            while _needs_key(gateway.console):
                assert time.monotonic() < end, "the gateway still asks the first copy's console, or none"
                time.sleep(0.05)
    finally:
        two.shutdown()
        two.server_close()


def _needs_key(port: int) -> bool:
    """What the console says; yes, while the gateway has none that is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", "/console.json")
    reply = connection.getresponse()
    said = json.loads(reply.read())
    connection.close()
    if reply.status == 503:
        return True
    assert reply.status == 200
    return bool(said["needs_key"])
