"""A challenger in a real service that is asked over gRPC."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from serving import rollout as rollouts
from serving import service
from serving.rollouts.state import folder_of, read_rollout
from serving.settings import Settings
from tests.ports import free_port
from tests.rollouts import poisoned, rules, until, written_pairs
from tests.serving.conftest import Client
from tests.serving.protocol.test_grpc import as_json, message
from tests.serving_platform import ServingPlatform, offline_prices

HOUSES = list(range(60))


@pytest.fixture
def settings(serving_settings: Settings) -> Settings:
    return serving_settings.model_copy(update={"grpc_port": free_port()})


@pytest.fixture
def rest(settings: Settings, serving_platform: ServingPlatform) -> Client:
    """A client over REST of a service of version 1, which is asked over gRPC as well."""
    return Client(service.start(serving_platform.bundles["1"], settings), serving_platform.key)


class GrpcClient:
    """Asks for prices of houses by id."""

    def __init__(self, channel: grpc.Channel, seldon: Any, key: str) -> None:
        self._seldon, self._key = seldon, key
        self._stub = seldon[1].SeldonStub(channel)

    def ask(self, houses: list[int]) -> tuple[list[str], list[float]]:
        """The version and the price of each house."""
        request = message(self._seldon, {"data": {"names": ["house_id"], "ndarray": [[house] for house in houses]}})
        reply = as_json(self._stub.Predict(request, metadata=[("x-api-key", self._key)]))
        tags = reply["meta"]["tags"]
        versions = tags.get("versions") or [tags["version"]] * len(houses)
        return versions, [row[0] for row in reply["data"]["ndarray"]]


@pytest.fixture
def over_grpc(rest: Client, settings: Settings, seldon: Any, serving_platform: ServingPlatform) -> Iterator[GrpcClient]:
    with grpc.insecure_channel(f"127.0.0.1:{settings.grpc_port}") as channel:
        yield GrpcClient(channel, seldon, serving_platform.key)


def over_rest(client: Client, houses: list[int]) -> list[str]:
    tags = client.post({"data": {"names": ["house_id"], "ndarray": [[house] for house in houses]}}).json["meta"]["tags"]
    versions: list[str] = tags.get("versions") or [tags["version"]] * len(houses)
    return versions


def test_a_shadow_and_a_canary_are_over_grpc_what_they_are_over_rest_and_a_bad_one_is_rolled_back(
    over_grpc: GrpcClient, rest: Client, settings: Settings, serving_platform: ServingPlatform, tmp_path: Path
) -> None:
    frame, folder = serving_platform.frame, folder_of(settings.profiles_dir)
    prices = {version: offline_prices(bundle, frame) for version, bundle in serving_platform.bundles.items()}

    shadow = rollouts.start(serving_platform.bundles["2"], "shadow", 1.0, rules(), settings, "operator")
    asked = 0
    while not written_pairs(folder / shadow.id):
        assert over_grpc.ask(HOUSES) == (["1"] * 60, prices["1"][:60])
        asked += 1
        assert asked < 1000
    until(lambda: written_pairs(folder / shadow.id)[0].challenger == prices["2"][:60])
    rollouts.stop(settings, "enough seen", "operator")

    rollouts.start(serving_platform.bundles["2"], "canary", 0.5, rules(), settings, "operator")
    until(lambda: "2" in over_grpc.ask(HOUSES)[0] and "2" in over_rest(rest, HOUSES))
    versions, priced = over_grpc.ask(HOUSES)
    assert set(versions) == {"1", "2"}
    assert priced == [prices[version][house] for house, version in zip(HOUSES, versions, strict=True)]
    assert over_rest(rest, HOUSES) == versions
    assert [over_grpc.ask([house])[0][0] for house in HOUSES] == versions
    rollouts.stop(settings, "enough seen", "operator")
    until(lambda: set(over_grpc.ask(HOUSES)[0]) == {"1"})  # the next challenger carries the same version

    bad = poisoned(tmp_path / "bad", "2", frame)
    own = prices | {"2": offline_prices(bad, frame)}
    rollouts.start(bad, "canary", 0.5, rules(), settings, "operator")
    answered: set[str] = set()
    for house in (house for _ in range(20) for house in range(400)):
        (version,), (price,) = over_grpc.ask([house])
        assert price == own[version][house]
        answered.add(version)
        state = read_rollout(folder)
        if state is None or state.status != "running":
            break
    assert state is not None
    assert (state.status, state.test, answered) == ("rolled_back", "drift", {"1", "2"})
    until(lambda: set(over_grpc.ask(HOUSES)[0]) == {"1"})
