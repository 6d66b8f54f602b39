"""The compose file: what it promises of every container, and that its parts know each other's names."""

import importlib.util
import re
import stat
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from zenml_config.environment import ROOT, read

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"house-price-serving", "house-price-pipelines"}
MLFLOWS_OWN = {
    "MLFLOW_ARTIFACTS_DESTINATION",
    "MLFLOW_S3_ENDPOINT_URL",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION",
}
SECRET = re.compile(r"/run/secrets/([a-z0-9.-]+)")


@pytest.fixture(scope="module")
def make_secrets() -> ModuleType:
    """docker/make_secrets.py, which is a command and in no package."""
    spec = importlib.util.spec_from_file_location("make_secrets", DOCKER / "make_secrets.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["cpus"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_of_others_is_pinned_and_only_the_gateway_is_reached_from_outside(name: str) -> None:
    service = SERVICES[name]
    if service["image"] not in OURS:
        assert re.search(r":(v?\d+\.\d+(\.\d+)?|RELEASE\.[0-9TZ-]+)(-alpine)?$", service["image"])
    for port in service.get("ports", ()):
        assert name == "gateway" or port.startswith("127.0.0.1:")


def test_what_is_waited_for_has_a_health_check_or_ends() -> None:
    for name, service in SERVICES.items():
        for other, wanted in service.get("depends_on", {}).items():
            waited = SERVICES[other]
            if wanted["condition"] == "service_completed_successfully":
                assert waited["restart"] == "no", (name, other)
            else:
                has_own = waited["image"] == "house-price-serving"  # its Dockerfile's
                assert has_own or "healthcheck" in waited, (name, other)


def test_every_secret_that_is_read_is_mounted_there_and_made(make_secrets: ModuleType, tmp_path: Path) -> None:
    made = set(make_secrets.make(tmp_path / "secrets"))
    assert made == COMPOSE["secrets"].keys()
    alertmanager = (DOCKER / "monitoring" / "alertmanager.yml").read_text()
    gateway = (DOCKER / "gateway" / "haproxy.cfg").read_text()
    for name, service in SERVICES.items():
        text = str(service) + {"alertmanager": alertmanager, "gateway": gateway}.get(name, "")
        for file in str(service.get("environment", {}).get("HPP_ENVIRONMENT_FILE", "")).split(":"):
            text += (ROOT / file.removeprefix("/app/")).read_text() if file else ""
        assert set(SECRET.findall(text)) == set(service.get("secrets", ())), name


def test_secrets_that_are_there_are_kept_and_their_folder_is_its_owners(
    make_secrets: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    make_secrets.make(folder)
    (folder / "redis-password").unlink()
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert make_secrets.make(folder) == ["redis-password"]
    assert {path.name: path.read_text() for path in folder.iterdir() if path.name != "redis-password"} == before
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len((folder / "redis-password").read_text()) == 64


@pytest.mark.parametrize("name", ["compose.env", "compose-pipelines.env"])
def test_what_compose_sets_are_settings_that_there_are(name: str) -> None:
    text = (ROOT / "zenml_config" / name).read_text()
    known = set(read(ROOT / "zenml_config" / "local.env", {})) | {"ZENML_STORE_URL"}
    ours = {line.partition("=")[0] for line in text.splitlines() if line.startswith(("HPP_", "MLFLOW_", "ZENML_"))}
    assert ours - known <= MLFLOWS_OWN
    for host in re.findall(r"(?:@|//|\")([a-z0-9]+):\d+", text):
        assert host in SERVICES
