"""Processes that change one Feast registry at once, in SQLite and in PostgreSQL."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.bundle import SCHEMA, Metadata, write_bundle
from serving.settings import Settings, read_settings
from steps.feature_store.definitions import apply_definitions
from tests.postgres_server import postgres_server

TIMES = int(os.environ.get("HPP_TEST_APPLIES", "3"))  # each costs a second or two of CPU
# Processes that register model versions as the training pipeline does: a bundle, then its feature service.
REGISTER = """
import multiprocessing, sys
from steps.feature_store.definitions import apply_definitions
from tests.steps.test_registry_writers import register

fork = multiprocessing.get_context("fork")  # what is imported is imported once
writers = [fork.Process(target=register, args=(start, start + int(sys.argv[1]))) for start in map(int, sys.argv[2:])]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
sys.exit(max(writer.exitcode != 0 for writer in writers))
"""
APPLY = "from serving.settings import read_settings; from steps.feature_store.definitions import apply_definitions; "
APPLY += "apply_definitions(read_settings())"


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An empty platform with a registry of this kind and a copy of the feature repository."""
    copy = platform_dir / "feature_repo"
    shutil.copytree(read_settings().feature_repo, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("HPP_FEATURE_REPO", str(copy))
    with contextlib.ExitStack() as stack:
        if request.param == "postgresql":
            address = stack.enter_context(postgres_server())
            monkeypatch.setenv("HPP_REGISTRY", f'{{registry_type: sql, path: "{address}", cache_ttl_seconds: 60}}')
        yield read_settings()


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], env=os.environ, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-3000:]


def services(settings: Settings) -> dict[str, list[str]]:
    store = settings.feature_store()
    found = store.list_feature_services()
    return {one.name: [f.name for p in one.feature_view_projections for f in p.features] for one in found}


def register(start: int, end: int) -> None:
    """Register these versions one by one; as soon as one is applied it must be there, with those before it."""
    settings = read_settings()
    seen = set()
    for number in range(start, end):
        bundle(settings.models_dir, number)
        seen.add(f"house_price_v{number}")
        assert seen <= {service.name for service in apply_definitions(settings).list_feature_services()}


def bundle(models: Path, number: int) -> None:
    texts = dict.fromkeys(("mlflow_run_id", "zenml_run_id", "data_fingerprint", "git_commit", "created_at"), "0")
    metadata = Metadata(
        schema=SCHEMA, model_name="house-price", model_version=str(number), experiment="e",
        feature_service=f"house_price_v{number}", features=("RM", "LSTAT", "TAX" if number % 2 else "DIS"),
        target="MEDV", units={}, metrics={}, parameters={}, **texts,
    )  # fmt: skip
    write_bundle(models / f"v{number}", metadata, {})


def test_two_processes_that_register_and_apply_at_once_lose_nothing(settings: Settings) -> None:
    ended(started(REGISTER, TIMES, 1, 101))
    found = services(settings)
    numbers = [number for start in (1, 101) for number in range(start, start + TIMES)]
    assert found.keys() == {"house_price_features", "house_price_training"} | {f"house_price_v{n}" for n in numbers}
    for number in numbers:
        assert found[f"house_price_v{number}"] == ["RM", "LSTAT", "TAX" if number % 2 else "DIS"]


def test_what_is_defined_while_another_process_applies_stays(settings: Settings) -> None:
    apply_definitions(settings)
    repository, mark = settings.feature_repo, settings.var_dir / "reading"
    waiting = repository / "slow.py"
    waiting.write_text(f"import pathlib, time\npathlib.Path({str(mark)!r}).touch()\ntime.sleep(4)\n")
    slow = started(APPLY)
    while not mark.exists():
        assert slow.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)  # it has read houses.py, or does so now
    waiting.unlink()
    houses = repository / "houses.py"
    added = 'from feast import FeatureService\n\nadded = FeatureService(name="added", features=[house_features])\n'
    houses.write_text(houses.read_text() + "\n\n" + added)
    apply_definitions(settings)
    ended(slow)
    assert "added" in services(settings)


def test_the_service_of_a_model_whose_bundle_is_elsewhere_is_not_removed_by_an_apply(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(1, 2)
    monkeypatch.setenv("HPP_MODELS_DIR", str(settings.var_dir / "another-machine"))
    apply_definitions(read_settings())
    assert "house_price_v1" in services(settings)
