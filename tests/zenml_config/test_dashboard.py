"""The ZenML dashboard, really started."""

import json
import socket
import urllib.request

import pytest

from serving.process.processes import group
from serving.settings import read_settings
from tests.ports import free_port
from zenml_config import dashboard


@pytest.mark.usefixtures("zenml_stack", "platform_dir")
def test_it_starts_once_asks_the_visitor_nothing_and_stops_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("HPP_DASHBOARD_PORT", str(port))
    settings = read_settings()
    try:
        first = dashboard.start(settings)
        record = json.loads((settings.run_dir / "dashboard.json").read_text())
        assert dashboard.start(settings) == first
        assert json.loads((settings.run_dir / "dashboard.json").read_text()) == record
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/current-user", timeout=20) as reply:
            user = json.load(reply)
        assert user["body"]["email_opted_in"] is False
        assert user["metadata"]["user_metadata"]["finished_onboarding_survey"] is True
    finally:
        assert dashboard.stop(settings)
    assert group(record["pid"], record["created"]) == []


@pytest.mark.usefixtures("platform_dir")
def test_stopping_what_does_not_run_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    dashboard.main("stop")
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("platform_dir")
def test_a_port_that_another_program_holds_is_named_with_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setenv("HPP_DASHBOARD_PORT", str(listener.getsockname()[1]))
        with pytest.raises(SystemExit, match="set HPP_DASHBOARD_PORT to a free port"):
            dashboard.start(read_settings())


@pytest.mark.usefixtures("zenml_stack", "platform_dir")
def test_a_server_that_cannot_start_is_reported_with_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPP_DASHBOARD_PORT", str(free_port()))
    monkeypatch.setenv("ZENML_LOCAL_STORES_PATH", "/dev/null/no-folder")  # for the server: this client is open already
    settings = read_settings()
    try:
        with pytest.raises(SystemExit, match=r"its log is .*dashboard\.log"):
            dashboard.start(settings)
    finally:
        assert not dashboard.stop(settings)


def test_an_unknown_action_is_named() -> None:
    with pytest.raises(SystemExit, match="Wanted start or stop, got 'dance'"):
        dashboard.main("dance")
