"""MLflow as the steps use it: the experiment, a run in it, and what runs are called."""

import contextlib
import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.settings import Settings
from steps.core.errors import ConfigurationError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

EXPERIMENT = "house-price"
MODEL = "house-price"
ALIAS = "champion"
CHALLENGER = "challenger"  # reaches the floors, and is not surely better than the champion


def mlflow_client() -> "MlflowClient":
    """A client of the tracking server and registry that the environment names."""
    import mlflow

    quieten()
    uri = tracking_uri()
    mlflow.set_tracking_uri(uri)  # sets the variable as well
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return mlflow.MlflowClient()


def tracking_uri() -> str:
    """The address of the tracking server: MLFLOW_TRACKING_URI, which ZenML's tracker unsets after each of its steps."""
    from zenml.client import Client

    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    tracker = Client().active_stack.experiment_tracker
    if tracker is None:
        raise ConfigurationError("MLFLOW_TRACKING_URI is not set. Set it as in zenml_config/local.env.")
    return str(getattr(tracker.config, "tracking_uri", ""))


def open_experiment(client: "MlflowClient", settings: Settings) -> "Experiment":
    """The MLflow experiment of the platform; where it is new, its artifacts go to HPP_MLFLOW_ARTIFACTS.

    Left to itself MLflow would put them under the working directory.
    """
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        has_server = tracking_uri().startswith(("http://", "https://"))
        place = None if has_server else settings.mlflow_artifacts  # a tracking server knows its own place
        experiment = client.get_experiment(client.create_experiment(EXPERIMENT, artifact_location=place))
    return experiment


@contextlib.contextmanager
def run_of(name: str, settings: Settings, tags: dict[str, str]) -> Iterator[str]:
    """The id of the MLflow run that is active inside: the one of ZenML's tracker, or a new one."""
    import mlflow

    client = mlflow_client()
    experiment = open_experiment(client, settings)
    with contextlib.ExitStack() as stack:
        run = mlflow.active_run()
        if run is None:
            run = stack.enter_context(mlflow.start_run(experiment_id=experiment.experiment_id, run_name=name))
        mlflow.set_tags({"mlflow.runName": name, **tags})
        yield str(run.info.run_id)


@contextlib.contextmanager
def autologging(flavour: str) -> Iterator[None]:
    """MLflow's autologging of one library, of fits in this thread of control only.

    Models are logged once and by hand: autologging would do it twice, at nine seconds each for their requirements.
    """
    import importlib

    library = importlib.import_module(f"mlflow.{flavour}")
    common = {"log_models": False, "log_datasets": False, "silent": True}
    extra: dict[str, Any] = {"max_tuning_runs": 0} if flavour == "sklearn" else {}
    library.autolog(**common, **extra)
    try:
        yield
    finally:
        library.autolog(disable=True, silent=True)


def quieten() -> None:
    """Keep MLflow and whylogs from telling of every table and file that they touch."""
    for name in ("mlflow", "mlflow.store.db.utils", "alembic", "whylogs"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns after each step that MLflow has no fastai any more.
    logging.getLogger("zenml.integrations.mlflow.experiment_trackers.mlflow_experiment_tracker").setLevel(logging.ERROR)


def git_commit(root: Path) -> str:
    """The commit of the code, with `-dirty` if something in it was changed since; "unknown" outside of Git."""
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip()
