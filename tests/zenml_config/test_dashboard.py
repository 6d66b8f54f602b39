"""The ZenML dashboard, really started."""

import json
import socket
import urllib.request
from pathlib import Path

import pytest

from serving import process
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
        started = process.members(settings.run_dir / "dashboard.json")
        assert dashboard.start(settings) == first
        assert process.members(settings.run_dir / "dashboard.json") == started
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/current-user", timeout=20) as reply:
            user = json.load(reply)
        assert user["body"]["email_opted_in"] is False
        assert user["metadata"]["user_metadata"]["finished_onboarding_survey"] is True
    finally:
        assert dashboard.stop(settings)
    assert not any(member.is_running() for member in started)


@pytest.mark.usefixtures("platform_dir")
def test_stopping_what_does_not_run_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    dashboard.main("stop")
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("zenml_stack", "platform_dir")
def test_a_server_that_cannot_start_is_reported_with_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setenv("HPP_DASHBOARD_PORT", str(listener.getsockname()[1]))
        settings = read_settings()
        with pytest.raises(SystemExit, match=r"its log is .*dashboard\.log"):
            dashboard.start(settings)
    assert process.members(settings.run_dir / "dashboard.json") == []


def test_an_unknown_action_is_named() -> None:
    with pytest.raises(SystemExit, match="Wanted start or stop, got 'dance'"):
        dashboard.main("dance")
