"""The service's command line."""

import json
import sys
from pathlib import Path

import pytest

from serving import server
from serving.settings import Settings
from tests.serving_platform import ServingPlatform


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["serving.server", *arguments])
    server.main()


def test_the_commands_start_show_and_stop_the_service(
    serving_platform: ServingPlatform,
    serving_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command(monkeypatch, "status")
    assert capsys.readouterr().out == "No service is running.\n"
    command(monkeypatch, "start", "--bundle", str(serving_platform.bundles["2"]))
    started = capsys.readouterr().out
    assert started.startswith(f"http://127.0.0.1:{serving_settings.rest_port} (model version 2, pid ")
    command(monkeypatch, "status")
    titles, line = capsys.readouterr().out.splitlines()
    assert titles.split() == ["address", "version", "pid", "as", "log"]
    address, version, pid, role, log = line.split()
    assert started == f"{address} (model version {version}, pid {pid}, log {log})\n"
    assert (version, role) == ("2", "serves")
    command(monkeypatch, "status", "--json")
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["url"], one["version"], str(one["pid"])) == (address, version, pid)
    with pytest.raises(SystemExit, match=r"Port \d+ is taken by process \d+: run `python -m serving\.server stop`\."):
        command(monkeypatch, "start", "--bundle", str(serving_platform.bundles["2"]))
    command(monkeypatch, "stop")
    assert capsys.readouterr().out == f"Stopped {started}"
    command(monkeypatch, "stop")
    assert capsys.readouterr().out == "No service was running.\n"


def test_without_a_bundle_the_place_of_bundles_is_named(
    serving_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command(monkeypatch, "run")
    assert f"--bundle is needed: a folder in {serving_settings.models_dir}" in capsys.readouterr().err


def test_what_is_no_bundle_ends_the_command_with_one_message(
    serving_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="is no model bundle"):
        command(monkeypatch, "start", "--bundle", str(tmp_path))
