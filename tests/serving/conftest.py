"""A loaded model in this process, and one real server process for all tests of HTTP."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from serving.model import HousePriceModel
from serving.protocol.front import Front
from serving.protocol.seldon_protocol import install
from serving.service import Service
from tests.ports import free_port
from tests.serving_platform import ServingPlatform, reach

PREDICTIONS = "/api/v1.0/predictions"


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as strict JSON."""
        return json.loads(self.body, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    @property
    def prices(self) -> list[float]:
        """The prices of a successful prediction."""
        assert self.status == 200, self.body
        return [row[0] for row in self.json["data"]["ndarray"]]


@dataclass(frozen=True)
class Client:
    """A client of a running service; each call has a connection of its own, and the key unless it brings another."""

    service: Service
    key: str

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """The response to one request."""
        connection = http.client.HTTPConnection(self.service.host, self.service.port, timeout=30)
        try:
            names = {"X-API-Key": self.key} | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, message: Any, path: str = PREDICTIONS) -> Reply:
        """The response to a JSON message."""
        return self.call("POST", path, json.dumps(message).encode(), content_type="application/json")


@pytest.fixture(scope="session")
def seldon(serving_platform: ServingPlatform) -> Any:
    """Seldon's generated modules: messages and stubs."""
    install(serving_platform.var / "seldon-protocol")
    from seldon_core.proto import prediction_pb2, prediction_pb2_grpc

    return prediction_pb2, prediction_pb2_grpc


@pytest.fixture(scope="session")
def profiles_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server process keeps what it served."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def metrics_port() -> int:
    """The metrics port of the server process."""
    return free_port()


@pytest.fixture(scope="session")
def console_port() -> int:
    """The port of the server process' console."""
    return free_port()


@pytest.fixture(scope="session")
def client(
    serving_platform: ServingPlatform, profiles_dir: Path, metrics_port: int, console_port: int
) -> Iterator[Client]:
    """A client of a real server process with two workers that serves the bundle v1."""
    from serving.service import start, stop
    from serving.settings import read_settings

    own = {"HPP_REST_PORT": str(free_port()), "HPP_METRICS_PORT": str(metrics_port)}
    own |= {"HPP_PROFILES_DIR": str(profiles_dir), "HPP_CONSOLE_PORT": str(console_port)}
    own |= {"HPP_TRUSTED_PROXIES": "127.0.0.1"}
    with pytest.MonkeyPatch.context() as patch:
        reach(patch, {**serving_platform.environment, **own})
        settings = read_settings()
        service = start(serving_platform.bundles["1"], settings)
    try:
        yield Client(service, serving_platform.key)
    finally:
        stop(service, settings)


@pytest.fixture(scope="session")
def model(serving_platform: ServingPlatform, tmp_path_factory: pytest.TempPathFactory) -> HousePriceModel:
    """A loaded model in this process."""
    from serving.settings import read_settings

    own = {"HPP_PROFILES_DIR": str(tmp_path_factory.mktemp("profiles")), "HPP_MAX_BODY_BYTES": "200000"}
    with pytest.MonkeyPatch.context() as patch:
        reach(patch, {**serving_platform.environment, **own})
        loaded = HousePriceModel(serving_platform.bundles["1"], read_settings())
        loaded.load()
    return loaded


@pytest.fixture(scope="session")
def front(model: HousePriceModel, serving_platform: ServingPlatform) -> Front:
    """The whole application, Seldon's app behind it, in this process."""
    from serving.access.admission import open_admission
    from serving.process.application import seldon_app
    from serving.protocol.seldon_protocol import install

    install(Path(serving_platform.var) / "seldon-protocol")
    admission = open_admission(model.settings)
    return Front(model, admission, seldon_app(model, model.measures), model.measures.generate_metrics)
