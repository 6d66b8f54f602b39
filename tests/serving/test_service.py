"""Starting, rolling and stopping real processes."""

import http.client
import json
import os
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest

from serving import service
from serving.errors import BundleError, ServiceError
from serving.process.children import READY_PREFIX
from serving.process.processes import group, is_alive
from serving.settings import Settings
from tests.rollouts import until
from tests.serving.conftest import PREDICTIONS, Client
from tests.serving.records.test_profiles import count
from tests.serving_platform import ServingPlatform

BY_ID = {"data": {"names": ["house_id"], "ndarray": [[1], [2]]}}


class Caller(threading.Thread):
    """A caller that asks over and over: on one connection as long as the service lets it, or on a new one each time."""

    def __init__(self, started: service.Service, keep: bool, key: str) -> None:
        super().__init__(daemon=True)
        self.started, self.keep, self.key = started, keep, key
        self.stopped = threading.Event()
        self.versions: list[str] = []
        self.start()

    def run(self) -> None:
        """Ask until `end`."""
        connection = http.client.HTTPConnection(self.started.host, self.started.port, timeout=30)
        body, headers = json.dumps(BY_ID), {"Content-Type": "application/json", "X-API-Key": self.key}
        while not self.stopped.is_set():
            try:
                # It connects anew by itself after a reply with `Connection: close`, and fails if it is cut off without.
                connection.request("POST", PREDICTIONS, body, headers)
                response = connection.getresponse()
                self.versions.append(json.loads(response.read())["meta"]["tags"].get("version", "mixed"))
            except (OSError, http.client.HTTPException) as err:
                self.versions.append(repr(err))
            if not self.keep:
                connection.close()

    def end(self) -> list[str]:
        """The version of each answer, or what went wrong, in order."""
        self.stopped.set()
        self.join()
        return self.versions


def spoiled(bundle: Path, folder: Path) -> Path:
    """A copy of the bundle whose model is not what its digest says."""
    copied = shutil.copytree(bundle, folder)
    (copied / "model.ubj").write_bytes(b"other")
    return copied


def test_rolls_and_refusals_fail_no_request_and_a_stop_ends_everything(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path
) -> None:
    bundles = serving_platform.bundles
    old = service.start(bundles["1"], serving_settings)
    callers = [Caller(old, keep, serving_platform.key) for keep in (True, True, False)]
    new = service.roll(bundles["2"], serving_settings, lambda _: None, 120)
    assert (new.pid, new.version) == (old.pid, "2")
    assert service.running(serving_settings) == [new]
    assert Client(new, serving_platform.key).post(BY_ID).json["meta"]["tags"]["version"] == "2"

    with pytest.raises(ServiceError, match=r"is refused, .*v2 is served on\. .*model\.ubj was changed"):
        service.roll(spoiled(bundles["1"], tmp_path / "v9"), serving_settings, lambda _: None, 120)
    with pytest.raises(BundleError, match="is no model bundle"):
        service.roll(tmp_path, serving_settings, lambda _: None, 120)
    with pytest.raises(ServiceError, match=r"not ready within 0\.01 s"):
        service.roll(bundles["1"], serving_settings, lambda _: None, 0.01)
    seen: list[str] = []
    with pytest.raises(ZeroDivisionError):
        service.roll(bundles["1"], serving_settings, lambda tried: seen.append(tried.version) or 1 / 0, 120)
    assert seen == ["1"]
    assert service.running(serving_settings) == [new]
    assert Client(new, serving_platform.key).post(BY_ID).json["meta"]["tags"]["version"] == "2"

    # What was under way when version 1 had to go is still answered by it.
    until(lambda: all(caller.versions[-1] == "2" for caller in callers))
    for versions in (caller.end() for caller in callers):
        assert set(versions) == {"1", "2"}
        assert versions[-1] == "2"
    assert service.stop_all(serving_settings) == [new]
    assert not group(new.pid, new.created)
    assert service.running(serving_settings) == []


def test_a_stop_lets_callers_finish_and_tells_load_balancers(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    started = service.start(serving_platform.bundles["1"], serving_settings)
    connection = http.client.HTTPConnection(started.host, started.port, timeout=30)
    connection.request("GET", "/health/ready")
    assert connection.getresponse().read()
    os.kill(started.pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while (
        Client(started, serving_platform.key).call("GET", "/health/ready").status == 200 and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    assert Client(started, serving_platform.key).call("GET", "/health/ready").json["status"]["code"] == 503
    headers = {"Content-Type": "application/json", "X-API-Key": serving_platform.key}
    connection.request("POST", PREDICTIONS, json.dumps(BY_ID), headers)
    response = connection.getresponse()
    assert (response.status, response.headers["Connection"]) == (200, "close")
    service.stop(started, serving_settings)
    assert not group(started.pid, started.created)


def test_rows_survive_a_kill_of_all_processes_and_are_profiled_by_the_next_start(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    first = service.start(serving_platform.bundles["1"], serving_settings)
    for _ in range(50):
        assert Client(first, serving_platform.key).post(BY_ID).status == 200
    members = group(first.pid, first.created)
    for process in members:
        process.send_signal(signal.SIGKILL)
    assert not psutil.wait_procs(members, timeout=15)[1]
    assert service.running(serving_settings) == []
    second = service.start(serving_platform.bundles["1"], serving_settings)
    assert Client(second, serving_platform.key).post(BY_ID).status == 200
    deadline = time.monotonic() + 60
    while count(serving_settings.profiles_dir, "MEDV") < 102 and time.monotonic() < deadline:
        time.sleep(0.2)
    service.stop(second, serving_settings)
    assert count(serving_settings.profiles_dir, "MEDV") == 102


def test_killed_workers_and_companions_are_replaced_and_a_killed_main_process_takes_all_with_it(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    started = service.start(serving_platform.bundles["1"], serving_settings)
    service.roll(serving_platform.bundles["2"], serving_settings, lambda _: None, 120)
    for _ in range(2):
        worker = ready_worker(started)
        (sidecar,) = (one for one in group(started.pid, started.created) if "serving.records.sidecar" in one.cmdline())
        os.kill(worker, signal.SIGKILL)
        os.kill(sidecar.pid, signal.SIGKILL)
        assert ready_worker(started, other_than=worker) != worker
        assert version_once_it_listens(Client(started, serving_platform.key)) == "2"
        deadline = time.monotonic() + 10
        while len(members := group(started.pid, started.created)) != 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sidecar.pid not in {one.pid for one in members}

    assert len(members) == 3
    os.kill(started.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs([one for one in members if one.pid != started.pid], timeout=60)
    assert not alive


def version_once_it_listens(client: Client) -> str:
    """The version that answers: a new worker is ready a moment before it listens, which is long on a busy machine."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return str(client.post(BY_ID).json["meta"]["tags"]["version"])
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "no worker listens"
            time.sleep(0.02)


def ready_worker(started: service.Service, other_than: int = 0) -> int:
    """The pid of a worker that is ready."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pids = {int(path.name.removeprefix(READY_PREFIX)) for path in Path(started.instance).glob(f"{READY_PREFIX}*")}
        if found := pids - {other_than}:
            return found.pop()
        time.sleep(0.02)
    raise AssertionError("No worker became ready.")


def test_a_port_of_another_process_is_named_with_its_setting(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    with socket.socket() as other:
        other.bind((serving_settings.host, serving_settings.rest_port))
        other.listen()
        with pytest.raises(ServiceError, match=f"Port {serving_settings.rest_port} .*{os.getpid()}.*HPP_REST_PORT"):
            service.start(serving_platform.bundles["1"], serving_settings)
    assert service.running(serving_settings) == []


def test_a_service_that_cannot_load_ends_with_the_reason_and_leaves_nothing(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(ServiceError, match=r"model\.ubj was changed"):
        service.start(spoiled(serving_platform.bundles["1"], tmp_path / "v9"), serving_settings)
    assert service.running(serving_settings) == []
    assert not list(serving_settings.run_dir.glob("instance-*"))


def test_what_is_no_bundle_starts_nothing(serving_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no model bundle"):
        service.start(tmp_path, serving_settings)


def test_a_start_that_takes_too_long_is_ended(serving_platform: ServingPlatform, serving_settings: Settings) -> None:
    with pytest.raises(ServiceError, match=r"not ready within 0\.2 s"):
        service.start(serving_platform.bundles["1"], serving_settings, timeout_s=0.2)
    assert service.running(serving_settings) == []


@pytest.mark.parametrize("record", ["", "{", '{"pid": 1}'])
def test_an_unreadable_record_is_cleared_away(serving_settings: Settings, record: str) -> None:
    serving_settings.run_dir.mkdir()
    path = serving_settings.run_dir / "service-instance-1.json"
    path.write_text(record)
    assert service.running(serving_settings) == []
    assert not path.exists()


def test_a_record_whose_pid_was_given_to_another_process_ends_nobody(serving_settings: Settings) -> None:
    me = psutil.Process()
    record = {"pid": me.pid, "created": me.create_time() - 1000, "host": "127.0.0.1", "port": 1, "bundle": "b"}
    record |= {"version": "1", "instance": str(serving_settings.run_dir / "instance-1"), "log": "l"}
    serving_settings.run_dir.mkdir()
    path = serving_settings.run_dir / "service-instance-1.json"
    path.write_text(json.dumps(record))
    assert service.running(serving_settings) == []
    assert not path.exists()
    assert is_alive(me.pid, me.create_time())


def test_candidates_that_a_killed_deployment_left_are_ended(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    left = service.start(serving_platform.bundles["1"], serving_settings, candidate=True)
    assert service.serving(serving_settings) == []
    with service.only_deployer(serving_settings):
        assert service.running(serving_settings) == []
    assert not group(left.pid, left.created)
