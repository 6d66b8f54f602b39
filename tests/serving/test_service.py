"""Starting, rolling and stopping real processes."""

import http.client
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import psutil
import pytest

from serving import service
from serving.errors import BundleError, ServiceError
from serving.processes import group, is_alive
from serving.settings import Settings
from tests.serving.conftest import Client
from tests.serving.test_profiles import count
from tests.serving_platform import ServingPlatform

BY_ID = {"data": {"names": ["house_id"], "ndarray": [[1], [2]]}}


def test_a_roll_answers_all_the_while_and_leaves_only_the_new_version(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    old = service.start(serving_platform.bundles["1"], serving_settings)
    stopped, versions = threading.Event(), list[str]()

    def watch() -> None:
        while not stopped.wait(0.02):
            try:
                versions.append(Client(old).call("GET", "/health/ready").json["version"])
            except (OSError, http.client.HTTPException):
                versions.append("none")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        new = service.roll(serving_platform.bundles["2"], serving_settings, lambda _: None, 120)
    finally:
        stopped.set()
        watcher.join()
    assert {"1", "2"} <= set(versions)
    # The kernel may reset what waits in the queue of a socket that is closed: at most a connection or two.
    assert versions.count("none") <= 2
    assert not group(old.pid, old.created)
    assert service.running(serving_settings) == [new]
    assert Client(new).post(BY_ID).json["meta"]["tags"]["version"] == "2"

    with pytest.raises(ZeroDivisionError):
        service.roll(serving_platform.bundles["1"], serving_settings, lambda _: 1 / 0, 120)
    (restored,) = service.running(serving_settings)
    assert restored.version == "2"
    assert Client(restored).post(BY_ID).json["meta"]["tags"]["version"] == "2"

    assert service.stop_all(serving_settings) == [restored]
    assert not group(restored.pid, restored.created)
    assert service.running(serving_settings) == []


def test_rows_survive_a_kill_of_all_processes_and_are_profiled_by_the_next_start(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    first = service.start(serving_platform.bundles["1"], serving_settings)
    for _ in range(50):
        assert Client(first).post(BY_ID).status == 200
    members = group(first.pid, first.created)
    for process in members:
        process.send_signal(signal.SIGKILL)
    assert not psutil.wait_procs(members, timeout=15)[1]
    assert service.running(serving_settings) == []
    second = service.start(serving_platform.bundles["1"], serving_settings)
    assert Client(second).post(BY_ID).status == 200
    deadline = time.monotonic() + 60
    while count(serving_settings.profiles_dir, "MEDV") < 102 and time.monotonic() < deadline:
        time.sleep(0.2)
    service.stop(second, serving_settings)
    assert count(serving_settings.profiles_dir, "MEDV") == 102


def test_a_killed_worker_is_replaced_and_a_killed_main_process_takes_all_with_it(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    started = service.start(serving_platform.bundles["1"], serving_settings)
    worker = next(Path(started.instance).glob("ready-*")).name.removeprefix("ready-")
    os.kill(int(worker), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while len(list(Path(started.instance).glob("ready-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)  # the mark is made just before the socket is opened
    assert Client(started).post(BY_ID).status == 200

    members = group(started.pid, started.created)
    assert len(members) == 3
    os.kill(started.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs([one for one in members if one.pid != started.pid], timeout=60)
    assert not alive


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
    import shutil

    broken = shutil.copytree(serving_platform.bundles["1"], tmp_path / "v9")
    (broken / "model.ubj").write_bytes(b"other")
    with pytest.raises(ServiceError, match=r"model\.ubj was changed"):
        service.start(broken, serving_settings)
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
