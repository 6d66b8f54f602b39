"""Seldon's own Python client against the real service: REST and gRPC, with a key where it can send one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import grpc
import numpy as np
import pytest
import requests

from serving.access.admission import open_admission
from serving.keys import make_key
from serving.model import HousePriceModel
from serving.protocol.front import Front
from serving.protocol.seldon_protocol import install
from serving.protocol.seldon_transport import FORM, message_of_form, presented_key
from serving.settings import Settings
from tests.serving.conftest import PREDICTIONS, Client
from tests.serving.protocol.test_front import call, data, post, refusal
from tests.serving_platform import ServingPlatform

HOUSES = np.array([[5.0], [400.0]])


@pytest.fixture(scope="module")
def seldon(serving_platform: ServingPlatform) -> Any:
    """The module of Seldon's client."""
    install(serving_platform.var / "seldon-protocol")
    from seldon_core import seldon_client

    return seldon_client


@pytest.fixture
def grpc_port(model: HousePriceModel, seldon: Any) -> Iterator[int]:
    """The port of a gRPC server on the loaded model."""
    from serving.protocol.grpc_methods import Methods
    from serving.protocol.grpc_server import GrpcServer

    settings = Settings(**{**dict(model.settings), "authentication": "off"})
    server = GrpcServer(Methods(model, open_admission(settings)), settings, "127.0.0.1", 0)
    yield server.port
    server.drain(0)


@pytest.fixture
def guarded(model: HousePriceModel, seldon: Any, tmp_path: Path) -> Iterator[tuple[int, str]]:
    """The port of a gRPC server that wants a key, and a key."""
    from serving.protocol.grpc_methods import Methods
    from serving.protocol.grpc_server import GrpcServer

    own = {"authentication": "on", "api_keys": tmp_path / "keys.json", "audit_dir": tmp_path, "var_dir": tmp_path}
    settings = Settings(**{**dict(model.settings), **own})
    key = make_key(settings.api_keys, "tester", 100)
    server = GrpcServer(Methods(model, open_admission(settings)), settings, "127.0.0.1", 0)
    yield server.port, key
    server.drain(0)


@pytest.fixture
def expected(front: Front) -> list[float]:
    return post(front, data(["house_id"], [5], [400])).prices


def rest(seldon: Any, client: Client, key: str = "", **more: Any) -> Any:
    """Seldon's client; its key stands in the address if one is given."""
    address = f"{f'key:{key}@' if key else ''}{client.service.host}:{client.service.port}"
    return seldon.SeldonClient(microservice_endpoint=address, gateway_endpoint=address, **more)


def over_grpc(seldon: Any, port: int, **more: Any) -> Any:
    address = f"127.0.0.1:{port}"
    return seldon.SeldonClient(microservice_endpoint=address, gateway_endpoint=address, transport="grpc", **more)


def prices(answer: Any) -> list[float]:
    """The prices in a reply in either form of data, as a message or as its JSON form."""
    from seldon_core.utils import json_to_seldon_message, seldon_message_to_json

    assert answer.success, answer.msg
    reply = answer.response if isinstance(answer.response, dict) else seldon_message_to_json(answer.response)
    json_to_seldon_message(reply)  # it is Seldon's protocol, whole
    table = reply["data"]
    if "ndarray" in table:
        return [row[0] for row in table["ndarray"]]
    rows, columns = table["tensor"]["shape"]
    assert len(table["tensor"]["values"]) == rows * columns
    return [table["tensor"]["values"][row * columns] for row in range(rows)]


@pytest.mark.parametrize("payload", ["ndarray", "tensor"])
def test_the_client_predicts_over_every_rest_transport(
    seldon: Any, client: Client, expected: list[float], payload: str
) -> None:
    asked = {"data": HOUSES, "names": ["house_id"], "payload_type": payload}
    service = rest(seldon, client, client.key)
    assert prices(service.microservice(transport="rest", method="predict", **asked)) == pytest.approx(expected)
    assert prices(service.predict(gateway="seldon", **asked)) == pytest.approx(expected)
    for gateway in ("ambassador", "istio"):
        headers = {"X-API-Key": client.key}
        answer = rest(seldon, client).predict(gateway=gateway, gateway_prefix="", headers=headers, **asked)
        assert prices(answer) == pytest.approx(expected)


@pytest.mark.parametrize("payload", ["ndarray", "tensor"])
def test_the_client_predicts_over_every_grpc_transport(
    seldon: Any, grpc_port: int, expected: list[float], payload: str
) -> None:
    asked = {"data": HOUSES, "names": ["house_id"], "payload_type": payload}
    service = over_grpc(seldon, grpc_port, deployment_name="house-price")
    assert prices(service.microservice(method="predict", **asked)) == pytest.approx(expected)
    for gateway in ("seldon", "ambassador", "istio"):
        for form in ("dict", "proto"):
            answer = service.predict(gateway=gateway, client_return_type=form, **asked)
            assert prices(answer) == pytest.approx(expected)


def test_the_client_asks_with_tags_and_raw_messages(seldon: Any, client: Client, grpc_port: int) -> None:
    raw = data(["house_id", "RM"], [17, 8.5])
    answers = [
        rest(seldon, client, client.key).predict(gateway="seldon", raw_data=raw),
        over_grpc(seldon, grpc_port).predict(gateway="seldon", raw_data=raw),
    ]
    assert prices(answers[0]) == pytest.approx(prices(answers[1]))
    tagged = rest(seldon, client, client.key).predict(
        gateway="ambassador", gateway_prefix="", data=HOUSES, names=["house_id"], meta={"probe": True}
    )
    assert tagged.success


def test_the_client_sends_feedback_over_every_transport(seldon: Any, client: Client, grpc_port: int) -> None:
    from seldon_core.utils import json_to_seldon_message

    asked, truth = json_to_seldon_message(data(["house_id"], [3])), json_to_seldon_message(data(["MEDV"], [33.4]))
    for service in (rest(seldon, client, client.key), over_grpc(seldon, grpc_port, deployment_name="house-price")):
        transport = service.config["transport"]
        answers = [
            service.feedback(asked, None, truth, 1.0, gateway=gateway, gateway_prefix="", transport=transport)
            for gateway in ("seldon", "ambassador", "istio")
        ]
        answers.append(service.microservice_feedback(asked, asked, 1.0, transport=transport))
        assert [answer.success for answer in answers] == [True] * 4, [answer.msg for answer in answers]


def test_a_refused_call_is_no_success_and_a_gateways_transport_gives_the_reason(
    seldon: Any, client: Client, grpc_port: int
) -> None:
    asked = {"data": np.array([[-1.0]]), "names": ["house_id"]}
    over_rest, by_grpc = rest(seldon, client, client.key), over_grpc(seldon, grpc_port)
    assert over_rest.predict(gateway="seldon", **asked).response["status"]["reason"] == "HOUSE_NOT_FOUND"
    assert "HOUSE_NOT_FOUND" in by_grpc.predict(gateway="seldon", **asked).msg
    for service, transport in ((over_rest, "rest"), (by_grpc, "grpc")):
        assert not service.microservice(method="predict", transport=transport, **asked).success


def test_the_client_sends_its_key_in_a_gateways_metadata(
    seldon: Any, guarded: tuple[int, str], expected: list[float]
) -> None:
    asked = {"data": HOUSES, "names": ["house_id"], "payload_type": "ndarray", "deployment_name": "house-price"}
    port, key = guarded
    service = over_grpc(seldon, port)
    assert not service.predict(gateway="ambassador", **asked).success
    assert prices(service.predict(gateway="ambassador", headers={"x-api-key": key}, **asked)) == pytest.approx(expected)


def test_metadata_is_what_seldon_takes_for_a_models_metadata(seldon: Any, client: Client, grpc_port: int) -> None:
    from seldon_core.proto import prediction_pb2, prediction_pb2_grpc
    from seldon_core.utils import json_to_seldon_model_metadata

    over_rest = json_to_seldon_model_metadata(client.call("GET", "/metadata").json)
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        known = prediction_pb2_grpc.SeldonStub(channel).ModelMetadata(prediction_pb2.SeldonModelMetadataRequest())
    assert over_rest == known
    assert (known.name, list(known.versions)) == ("house-price", ["1"])


def form(value: Any) -> bytes:
    return urlencode({"json": json.dumps(value)}).encode()


def test_a_form_gets_the_same_answer_as_its_json(front: Front) -> None:
    request = data(["house_id"], [5], [400])
    answer = call(front, "POST", PREDICTIONS, form(request), f"{FORM}; charset=utf-8")
    assert answer.prices == post(front, request).prices


@pytest.mark.parametrize(
    "body", [b"", b"json", b"a=1", b"json={}&json={}", b"json=%ff", b"\xff", b"&" * 100, b"json={"]
)
def test_what_is_no_form_with_one_message_is_400(front: Front, body: bytes) -> None:
    refusal(call(front, "POST", PREDICTIONS, body, FORM), 400, "NOT_JSON")


def test_a_form_keeps_every_character_of_its_message() -> None:
    text = '{"a": "é+&=%25 😀"}'
    assert message_of_form(urlencode({"json": text}).encode()) == text.encode()


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({"X-API-Key": "k"}, "k"),
        ({"X-API-Key": ""}, ""),
        ({"Authorization": "Bearer k"}, None),
        ({"Authorization": "Basic ???"}, None),
        ({"Authorization": "Basic /w=="}, None),
        ({"Authorization": "basic a2V5Oms6MQ=="}, "k:1"),
        ({"Authorization": "Basic a2V5Oms=", "X-API-Key": "first"}, "first"),
    ],
)
def test_the_key_is_the_header_or_else_the_password(headers: dict[str, str], key: str | None) -> None:
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    assert presented_key(environ) == key


def test_a_key_in_the_address_comes_as_the_password() -> None:
    prepared = requests.Request("POST", "http://key:hpp_s3cret@127.0.0.1:9000/predict").prepare()
    assert presented_key({"HTTP_AUTHORIZATION": prepared.headers["Authorization"]}) == "hpp_s3cret"
