"""The gRPC server as a process of its own, called with Seldon's own stubs."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from serving import service
from serving.access.admission import open_admission
from serving.errors import InvalidRequestError
from serving.keys import make_key
from serving.model import HousePriceModel
from serving.protocol.faults import error_body
from serving.protocol.front import Front
from serving.settings import Settings
from tests.ports import free_port
from tests.serving.protocol.test_front import data, post, raw
from tests.serving_platform import MISSING, USED, ServingPlatform

Start = Callable[..., subprocess.Popen[bytes]]


# A server that stops refuses calls that it has received and not begun with CANCELLED.
RETRY_POLICY = {"maxAttempts": 4, "initialBackoff": "0.02s", "maxBackoff": "0.2s", "backoffMultiplier": 2}
RETRY_POLICY |= {"retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]}
RETRIES = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": RETRY_POLICY}]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gRPC processes keep what they served."""
    return tmp_path_factory.mktemp("grpc")


@pytest.fixture(scope="module")
def start(serving_platform: ServingPlatform, folder: Path) -> Iterator[Start]:
    """A function that starts a gRPC process of a bundle on a port and returns when it answers."""
    started: list[subprocess.Popen[bytes]] = []

    def go(port: int, version: str = "1") -> subprocess.Popen[bytes]:
        ready = folder / f"ready-{len(started)}"
        command = [
            sys.executable,
            "-m",
            "serving.protocol.grpc_server",
            "--bundle",
            str(serving_platform.bundles[version]),
        ]
        command += ["--host", "127.0.0.1", "--port", str(port), "--ready", str(ready), "--profiles", str(folder)]
        process = subprocess.Popen(command, env={**serving_platform.environment, "HPP_AUTHENTICATION": "off"})
        started.append(process)
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it is not ready"
            time.sleep(0.05)
        return process

    try:
        yield go
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def channel(start: Start) -> Iterator[grpc.Channel]:
    """A channel to a real gRPC process that serves the bundle v1."""
    port = free_port()
    start(port)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as opened:
        yield opened


def message(seldon: Any, value: dict[str, Any]) -> Any:
    from google.protobuf.json_format import ParseDict

    return ParseDict(value, seldon[0].SeldonMessage())


def as_json(reply: Any) -> Any:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(reply)


def refused(call: Callable[[], Any]) -> tuple[grpc.StatusCode, dict[str, Any]]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    status = json.loads(error.details())["status"]
    assert set(status) == {"code", "reason", "info", "status", "details"}
    return error.code(), status


def test_rows_ids_and_tensors_cost_over_grpc_what_they_cost_over_rest(
    channel: grpc.Channel, seldon: Any, front: Front, serving_platform: ServingPlatform
) -> None:
    requests = [
        data(list(USED), raw(serving_platform, 17), raw(serving_platform, MISSING)),
        data(["house_id"], [5], [400], [5]),
        data(["house_id", "RM"], [17, 8.5]),
        data(["house_id", "RM"], [MISSING, 8.5], tags={"features": True}),
        {"data": {"names": ["house_id"], "tensor": {"shape": [2, 1], "values": [5, 7]}}},
    ]
    for stub in (seldon[1].SeldonStub(channel), seldon[1].ModelStub(channel)):
        for request in requests:
            over_grpc, over_rest = as_json(stub.Predict(message(seldon, request))), post(front, request).json
            assert over_grpc["data"] == over_rest["data"]
            assert over_grpc["meta"]["tags"]["features_used"] == list(USED)
            assert over_grpc["meta"]["tags"].get("features") == over_rest["meta"]["tags"].get("features")


@pytest.mark.parametrize(
    ("request_", "code", "status"),
    [
        (data(["house_id"], [-1]), grpc.StatusCode.NOT_FOUND, 404),
        (data(["house_id", "RM"], [1, 100]), grpc.StatusCode.INVALID_ARGUMENT, 422),
        (data(["house_id"], ["x"]), grpc.StatusCode.INVALID_ARGUMENT, 422),
        (data(["house_id"], [True]), grpc.StatusCode.INVALID_ARGUMENT, 422),
        (data(["house_id"], [{"a": [1]}]), grpc.StatusCode.INVALID_ARGUMENT, 422),
        (data(["house_id"], *([i] for i in range(10_001))), grpc.StatusCode.INVALID_ARGUMENT, 413),
        ({"strData": "x"}, grpc.StatusCode.INVALID_ARGUMENT, 422),
        ({"jsonData": {"data": {}}}, grpc.StatusCode.INVALID_ARGUMENT, 422),
        ({}, grpc.StatusCode.INVALID_ARGUMENT, 422),
    ],
)
def test_a_refused_request_has_a_status_and_the_one_error_shape(
    channel: grpc.Channel, seldon: Any, request_: Any, code: grpc.StatusCode, status: int
) -> None:
    stub = seldon[1].SeldonStub(channel)
    assert refused(lambda: stub.Predict(message(seldon, request_)))[0] == code
    assert refused(lambda: stub.Predict(message(seldon, request_)))[1]["code"] == status


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_named_as_faults(channel: grpc.Channel, seldon: Any, value: float) -> None:
    in_tensor, in_list = seldon[0].SeldonMessage(), seldon[0].SeldonMessage()
    for request in (in_tensor, in_list):
        request.data.names.extend(["house_id", "RM"])
    in_tensor.data.tensor.shape.extend([1, 2])
    in_tensor.data.tensor.values.extend([1, value])
    in_list.data.ndarray.add_list().extend([1, value])
    for request in (in_tensor, in_list):
        code, status = refused(lambda request=request: seldon[1].SeldonStub(channel).Predict(request))
        assert (code, status["details"][0]["value"]) == (grpc.StatusCode.INVALID_ARGUMENT, str(value))


def test_bytes_that_are_no_message_are_refused_like_other_input(channel: grpc.Channel) -> None:
    predict = channel.unary_unary("/seldon.protos.Seldon/Predict")
    code, status = refused(lambda: predict(b"\xff\xff\xff"))
    assert (code, status["code"]) == (grpc.StatusCode.INVALID_ARGUMENT, 400)


def test_as_many_faults_are_listed_as_a_header_holds(channel: grpc.Channel, seldon: Any) -> None:
    request = message(seldon, data(["house_id", "RM"], *([row, "é" * 60] for row in range(300))))
    code, status = refused(lambda: seldon[1].SeldonStub(channel).Predict(request))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert 3 < len(status["details"]) < 100
    assert f"{len(status['details'])} of 100" in status["info"]


def test_a_request_that_is_too_long_is_refused(channel: grpc.Channel, seldon: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        seldon[1].SeldonStub(channel).Predict(seldon[0].SeldonMessage(strData="x" * 5_000_000))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]


def test_the_model_says_what_it_is(channel: grpc.Channel, seldon: Any) -> None:
    from google.protobuf.empty_pb2 import Empty

    known = seldon[1].SeldonStub(channel).ModelMetadata(seldon[0].SeldonModelMetadataRequest())
    assert (known.name, list(known.versions)) == ("house-price", ["1"])
    assert seldon[1].ModelStub(channel).Metadata(Empty()) == known


def test_health_and_reflection_are_answered(channel: grpc.Channel) -> None:
    from google.protobuf.descriptor_pool import DescriptorPool
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    for name in ("", "seldon.protos.Seldon"):
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    described = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    assert "Predict" in described.FindServiceByName("seldon.protos.Model").methods_by_name


def test_feedback_is_kept_with_its_truth(channel: grpc.Channel, seldon: Any, folder: Path) -> None:
    feedback = seldon[0].Feedback(
        request=message(seldon, data(["house_id"], [3])), truth=message(seldon, data(["MEDV"], [33.4])), reward=0.5
    )
    for stub in (seldon[1].SeldonStub(channel), seldon[1].ModelStub(channel), seldon[1].GenericStub(channel)):
        stub.SendFeedback(feedback)
    lines = [line for path in (folder / "feedback").iterdir() for line in path.read_text().splitlines()]
    assert [json.loads(line)["truth"] for line in lines] == [33.4] * 3
    broken = seldon[0].Feedback()
    broken.request.data.tensor.shape.append(3)
    code, status = refused(lambda: seldon[1].SeldonStub(channel).SendFeedback(broken))
    assert (code, status["code"]) == (grpc.StatusCode.INVALID_ARGUMENT, 422)


@pytest.fixture
def guarded(model: HousePriceModel, seldon: Any, tmp_path: Path) -> Iterator[tuple[grpc.Channel, str]]:
    """A channel to a gRPC server in this process that wants a key, and a key for two calls a minute."""
    from serving.protocol.grpc_methods import Methods
    from serving.protocol.grpc_server import GrpcServer

    own = {"authentication": "on", "api_keys": tmp_path / "keys.json", "audit_dir": tmp_path, "var_dir": tmp_path}
    own |= {"trusted_proxies": "127.0.0.1"}
    settings = Settings(**{**dict(model.settings), **own})
    key = make_key(settings.api_keys, "tester", 2)
    server = GrpcServer(Methods(model, open_admission(settings)), settings, "127.0.0.1", 0)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened, key
    server.drain(0)


def test_the_key_comes_from_the_metadata_and_refusals_have_their_statuses(
    guarded: tuple[grpc.Channel, str], seldon: Any, tmp_path: Path
) -> None:
    channel, key = guarded
    stub, request = seldon[1].SeldonStub(channel), message(seldon, data(["house_id"], [1]))
    code, status = refused(lambda: stub.Predict(request))
    assert (code, status["code"]) == (grpc.StatusCode.UNAUTHENTICATED, 401)
    assert refused(lambda: stub.Predict(request, metadata=[("x-api-key", "hpp_")]))[1]["code"] == 401
    for _ in range(2):
        assert stub.Predict(request, metadata=[("x-api-key", key)]).data.names[0] == "MEDV"
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request, metadata=[("x-api-key", key)])
    error: Any = caught.value
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert 1 <= int(dict(error.trailing_metadata())["retry-after"]) <= 60
    (audit,) = (path.read_text() for path in tmp_path.glob("*.jsonl"))
    assert '"/seldon.protos.Seldon/Predict"' in audit
    assert '"127.0.0.1"' in audit
    assert key not in audit


def test_the_audit_has_the_caller_that_a_trusted_proxy_names_and_not_what_the_caller_claims(
    guarded: tuple[grpc.Channel, str], seldon: Any, tmp_path: Path
) -> None:
    stub, request = seldon[1].SeldonStub(guarded[0]), message(seldon, data(["house_id"], [1]))
    chain = [("x-forwarded-for", "198.51.100.66"), ("x-forwarded-for", "203.0.113.7")]
    assert refused(lambda: stub.Predict(request, metadata=chain))[1]["code"] == 401
    (audit,) = (path.read_text() for path in tmp_path.glob("*.jsonl"))
    assert json.loads(audit)["address"] == "203.0.113.7"


def test_a_host_is_found_in_every_form_of_a_callers_name() -> None:
    from serving.protocol.grpc_methods import host

    assert host("ipv4:10.0.0.7:51234") == "10.0.0.7"
    assert host("ipv6:%5B::1%5D:51234") == "::1"
    assert host("unix:/tmp/socket") == "unix"


def test_a_fault_of_the_service_itself_shows_no_trace(
    guarded: tuple[grpc.Channel, str], seldon: Any, model: HousePriceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "price", lambda *_: 1 / 0)
    stub, request = seldon[1].SeldonStub(guarded[0]), message(seldon, data(["house_id"], [1]))
    code, status = refused(lambda: stub.Predict(request, metadata=[("x-api-key", guarded[1])]))
    assert (code, status["code"]) == (grpc.StatusCode.INTERNAL, 500)
    assert "division" not in json.dumps(status)


def test_an_error_that_fits_keeps_all_its_details() -> None:
    from serving.protocol.grpc_methods import reason

    error = InvalidRequestError("2 faults.", [{"row": 0}, {"row": 1}])
    assert json.loads(reason(error)) == error_body(error)


def test_a_roll_over_the_shared_port_fails_no_call_of_a_client_that_tries_again(start: Start, seldon: Any) -> None:
    port = free_port()
    old, _ = start(port, "1"), start(port, "2")
    failed: list[Any] = []
    versions: set[str] = set()
    done = threading.Event()

    def call() -> None:
        request = message(seldon, data(["house_id"], [1], [2]))
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.service_config", RETRIES)]
        with grpc.insecure_channel(f"127.0.0.1:{port}", options) as opened:
            while not done.is_set():
                try:
                    reply = seldon[1].SeldonStub(opened).Predict(request, timeout=20)
                    versions.add(reply.meta.tags["version"].string_value)
                except grpc.RpcError as err:
                    failed.append(err)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        old.send_signal(signal.SIGTERM)
        assert old.wait(15) == 0
        time.sleep(0.5)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert versions == {"1", "2"}


def test_it_ends_when_its_parent_is_killed(serving_platform: ServingPlatform, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serving.protocol.grpc_server", "--bundle", str(serving_platform.bundles["1"])]
    command += ["--port", str(free_port()), "--ready", str(tmp_path / "ready"), "--profiles", str(tmp_path)]
    program = f"import subprocess; p = subprocess.Popen({command!r}); print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=serving_platform.environment)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    while time.monotonic() < deadline:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the gRPC process outlived its parent")


def test_the_service_starts_grpc_and_rolls_it_with_the_workers(
    serving_platform: ServingPlatform, serving_settings: Settings, seldon: Any
) -> None:
    settings = serving_settings.model_copy(update={"grpc_port": free_port()})
    started = service.start(serving_platform.bundles["1"], settings)
    with grpc.insecure_channel(f"127.0.0.1:{settings.grpc_port}") as channel:
        stub, asked = seldon[1].SeldonStub(channel), message(seldon, data(["house_id"], [17]))
        metadata = (("x-api-key", serving_platform.key),)

        def version() -> str:
            reply = stub.Predict(asked, metadata=metadata, wait_for_ready=True, timeout=60)
            return str(as_json(reply)["meta"]["tags"]["version"])

        assert version() == "1"
        service.roll(serving_platform.bundles["2"], settings, lambda _: None, 120)
        deadline = time.monotonic() + 30
        while version() != "2" and time.monotonic() < deadline:  # the old one finishes its calls first
            time.sleep(0.1)
        assert version() == "2"
        with pytest.raises(grpc.RpcError) as refused_call:
            stub.Predict(asked)
        assert refused_call.value.code() == grpc.StatusCode.UNAUTHENTICATED
    service.stop(started, settings)
