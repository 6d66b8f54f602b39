"""Every test runs in a platform of its own: an empty folder in place of `var/`, set before anything is imported."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_VAR = Path(tempfile.mkdtemp(prefix="hpp-tests-"))
atexit.register(shutil.rmtree, _VAR, ignore_errors=True)


def _environment(var_dir: Path) -> dict[str, str]:
    from zenml_config.environment import ROOT, read

    return read(ROOT / "zenml_config" / "local.env", {"HPP_VAR_DIR": str(var_dir)})


os.environ.update(_environment(_VAR))
# ZenML looks for the file of the main module, and a worker of pytest-xdist has none.
vars(sys.modules["__main__"]).setdefault("__file__", str(Path(sys.prefix) / "bin" / "pytest"))

import pytest  # noqa: E402  # the environment comes first

pytest_plugins = ["tests.serving_platform"]


@pytest.fixture(scope="module", autouse=True)
def _environment_kept() -> Iterator[None]:
    """A file leaves the environment as it found it: which files follow in the same process differs from run to run."""
    before, trackers = _variables("HPP_", "ZENML_", "AWS_"), _variables("MLFLOW_")
    yield
    for name in _variables("MLFLOW_").keys() - trackers.keys():  # ZenML leaves its tracker's there after a failed step
        del os.environ[name]
    assert _variables("HPP_", "ZENML_", "AWS_") == before
    assert _variables("MLFLOW_") == trackers


def _variables(*prefixes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}


@pytest.fixture
def platform_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `var/` of the test's own for Feast, MLflow, bundles and profiles (ZenML's store stays the session's)."""
    for name, value in _environment(tmp_path).items():
        if not name.startswith("ZENML"):
            monkeypatch.setenv(name, value)
    (tmp_path / "feast" / "offline").mkdir(parents=True)
    return tmp_path


@pytest.fixture(scope="session")
def zenml_stack() -> None:
    """The platform's stack, registered and active in the session's own ZenML store."""
    from zenml_config.stack import register_stack

    register_stack()


def forget_stacks() -> None:
    """Let ZenML read its stacks anew: a process keeps those that it has seen, wherever their MLflow has moved to."""
    from zenml.stack import stack

    stack._STACK_CACHE.clear()


def without_alerter() -> None:
    """Take the alerter off the stack again: nobody is to be told in other tests."""
    from zenml.client import Client
    from zenml.enums import StackComponentType

    from zenml_config.stack import STACK

    Client().update_stack(STACK, component_updates={StackComponentType.ALERTER: []})
    forget_stacks()


@pytest.fixture
def no_earlier_runs(zenml_stack: None) -> None:
    """The session's ZenML store without runs: no step can come from the cache of another test.

    Nor is anything left of what the platform reads again: a decision to retrain, and what was told.
    """
    from zenml.client import Client

    forget_stacks()
    client = Client()
    while runs := client.list_pipeline_runs(size=100).items:
        for run in runs:
            client.delete_pipeline_run(run.id)
    for name in ("retraining_decision", "alerts_told"):
        while versions := client.list_artifact_versions(artifact=name, size=100).items:
            for version in versions:
                client.delete_artifact_version(version.id, delete_from_artifact_store=False)
