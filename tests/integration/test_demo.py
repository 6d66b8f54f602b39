"""The demo as a whole: three pipelines, a standing service, and a last screen whose commands work."""

import fcntl
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import demo
from serving import service
from serving.settings import Settings, read_settings
from tests.ports import free_port
from tests.small_demo import small_configuration


@pytest.fixture
def small_demo(platform_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The demo's own configuration with searches of two candidates, on free ports; what it started is stopped."""
    from zenml_config.stack import register_stack

    root = small_configuration(tmp_path / "root")
    monkeypatch.setenv("HPP_ROOT", str(root))
    monkeypatch.setenv("HPP_CONFIG", str(root / "zenml_config"))
    monkeypatch.setenv("HPP_REST_PORT", str(free_port()))
    monkeypatch.setenv("HPP_METRICS_PORT", str(free_port()))
    monkeypatch.setenv("HPP_GRPC_PORT", str(free_port()))
    monkeypatch.setenv("HPP_CONSOLE_PORT", str(free_port()))
    settings = read_settings()
    try:
        yield settings
    finally:
        service.stop_all(settings)
        monkeypatch.undo()
        register_stack()


def curls(screen: str) -> list[str]:
    return [line for line in screen.splitlines() if line.startswith("curl ")]


def ask(command: str) -> list[list[float]]:
    reply = subprocess.run(command, shell=True, capture_output=True, text=True, check=True, timeout=30)  # noqa: S602
    prices: list[list[float]] = json.loads(reply.stdout)["data"]["ndarray"]
    return prices


@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("no_earlier_runs")
def test_it_ends_with_a_standing_service_and_commands_that_work_and_a_second_run_computes_nothing_again(
    small_demo: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    assert demo.main() == 0
    captured = capfd.readouterr()
    screen = captured.out
    assert "\x1b" not in screen + captured.err
    assert "Traceback" not in screen + captured.err
    assert "all_features_tuned: 4 of 4 fits (100%)" in screen
    for name in ("all_features_tuned", "shap_top10_default", "shap_top10_tuned"):
        assert name in screen
    assert "506 houses in Feast (506 new)" in screen
    assert "house-price version 1, alias champion" in screen
    by_features, by_id, what_if = (ask(command) for command in curls(screen))
    assert by_features[0] == by_id[0]
    assert what_if != by_id[:1]
    assert all(low <= price <= high for price, low, high in (*by_features, *by_id, *what_if))
    key = small_demo.api_key_file.read_text().strip()
    (log,) = (small_demo.var_dir / "logs").glob("demo-*.log")
    assert key not in screen + captured.err + log.read_text()
    assert f"in {small_demo.api_key_file}" in screen
    assert f"http://127.0.0.1:{small_demo.console_port} in a browser" in screen
    assert small_demo.api_key_file.stat().st_mode & 0o777 == 0o600

    served = service.running(small_demo)
    assert demo.main() == 0
    captured = capfd.readouterr()
    assert "506 houses in Feast (0 new)" in captured.out
    assert "house-price version 1, alias champion" in captured.out
    assert "(kept, " in captured.out
    assert service.running(small_demo) == served
    as_before = " ".join(line for line in captured.out.splitlines() if line.startswith("  as before: "))
    for step in ("explore", "validate", "prepare", "all_features_tuned", "shap_top10_tuned"):
        assert step in as_before
        assert f"  {step} " not in captured.out.replace(as_before, "")
    assert len(list((small_demo.var_dir / "logs").glob("demo-*.log"))) == 2


@pytest.mark.usefixtures("platform_dir")
def test_a_second_demo_on_the_same_folder_is_told_to_wait() -> None:
    settings = read_settings()
    settings.run_dir.mkdir(parents=True)
    with (settings.run_dir / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SystemExit, match="Another `make demo` is at work"):
            demo.main()
