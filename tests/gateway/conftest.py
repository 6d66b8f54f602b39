"""The gateway in front of two real services, for all tests of this folder."""

import http.client
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from serving.service import Service, start, stop
from serving.settings import Settings, read_settings
from tests.haproxy import PATIENCE_S, Gateway, haproxy
from tests.ports import free_port
from tests.serving_platform import ServingPlatform, reach

PREDICTIONS = "/api/v1.0/predictions"
HOUSE = json.dumps({"data": {"names": ["house_id"], "ndarray": [[17]]}}).encode()
LIMIT = 5  # calls a minute of the key `limited`


@dataclass
class Standing:
    """The gateway and the two services behind it. A test that ends one starts it again: other files follow."""

    gateway: Gateway
    bundle: Path
    key: str
    limited: str
    services: list[Service]
    settings: list[Settings]
    environments: list[dict[str, str]]

    def call(self, body: bytes = HOUSE, path: str = PREDICTIONS, **headers: str) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON of a reply."""
        connection = http.client.HTTPSConnection(
            "localhost", self.gateway.https, timeout=PATIENCE_S, context=self.gateway.tls()
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json", **named})
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, json.loads(reply.read())
        finally:
            connection.close()

    def priced(self) -> int:
        """The status of a call with a key that has no limit in effect."""
        return self.call(X_API_Key=self.key)[0]

    def again(self, *places: int) -> None:
        """Start the services that were ended, and wait until the gateway sends calls to both."""
        for place in places:
            stop(self.services[place], self.settings[place])
            with pytest.MonkeyPatch.context() as patch:
                reach(patch, self.environments[place])
                self.services[place] = start(self.bundle, self.settings[place])
        self.up(2)

    def up(self, wanted: int) -> None:
        """Wait until the gateway sends calls to so many services."""
        end = time.monotonic() + PATIENCE_S
        while self._active() != wanted:
            assert time.monotonic() < end, f"the gateway uses {self._active()} services"
            time.sleep(0.05)

    def _active(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.gateway.metrics}/metrics", timeout=5) as reply:
            lines = reply.read().decode().splitlines()
        return int(float(next(line.split()[1] for line in lines if _counts_servers(line))))


def _counts_servers(line: str) -> bool:
    return line.startswith('haproxy_backend_active_servers{proxy="service"}')


@pytest.fixture(scope="session")
def standing(serving_platform: ServingPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Two services that share their stores and their limits, and the gateway in front of them."""
    folder = tmp_path_factory.mktemp("gateway")
    bundle, shared = serving_platform.bundles["1"], {"HPP_WORKERS": "1", "HPP_DRAIN_SECONDS": "3"}
    services: list[Service] = []
    settings: list[Settings] = []
    environments: list[dict[str, str]] = []
    try:
        for name in ("one", "two"):
            own = {"HPP_REST_PORT": str(free_port()), "HPP_METRICS_PORT": str(free_port())}
            own |= {"HPP_PROFILES_DIR": str(folder / name)}
            environments.append({**serving_platform.environment, **shared, **own})
            with pytest.MonkeyPatch.context() as patch:
                reach(patch, environments[-1])
                settings.append(read_settings())
                services.append(start(bundle, settings[-1]))
        made = [sys.executable, "-O", "-m", "serving.keys", "make", "limited", "--limit", str(LIMIT)]
        told = subprocess.run(made, check=True, capture_output=True, text=True, env=environments[0]).stdout
        ports = [one.rest_port for one in settings]
        with haproxy(folder, *ports, arrival="1s", max_refused="50") as gateway:
            found = Standing(gateway, bundle, serving_platform.key, told.split()[-1], services, settings, environments)
            found.up(2)
            yield found
    finally:
        for service, one in zip(services, settings, strict=False):
            stop(service, one)
