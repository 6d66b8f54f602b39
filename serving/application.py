"""One worker of the service: the model, Seldon's app and the layer in front of it, as a WSGI application."""

import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.settings import Settings

if TYPE_CHECKING:
    from serving.front import Front

PR_SET_PDEATHSIG = 1
READY_PREFIX = "ready-"


@dataclass(frozen=True, slots=True)
class Instance:
    """One start of the service.

    Attributes:
        bundle: the model bundle's folder.
        folder: where this start keeps its figures and the marks of its ready workers.
        settings: the deployment facts, with the ports and places of this start.
    """

    bundle: Path
    folder: Path
    settings: Settings

    @property
    def metrics_folder(self) -> Path:
        """Where the workers' figures are."""
        return self.folder / "metrics"


def preload(settings: Settings) -> None:
    """Import what every worker needs, once, before they are forked; nothing is opened."""
    from serving.seldon_protocol import install

    install(settings.var_dir / "seldon-protocol")
    with _hidden("sklearn"):  # XGBoost would import it if it is there: four seconds of CPU for nothing
        import xgboost  # noqa: F401
    import seldon_core.wrapper  # noqa: F401
    from feast.repo_config import load_repo_config

    import serving.front  # noqa: F401

    # Each of them imports its module, the offline store's being Dask's data frames.
    config = load_repo_config(settings.feature_repo, settings.feature_repo / "feature_store.yaml")
    _ = config.online_store, config.offline_store, config.registry


@contextlib.contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Let `import package` fail inside, unless it was imported before."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # how Python marks what cannot be imported
    try:
        yield
    finally:
        del sys.modules[package]


def create(instance: Instance) -> "Front":
    """The application of this worker, its model loaded; the worker takes no connection before."""
    from serving.admission import open_admission
    from serving.front import Front
    from serving.metrics import Metrics, of_all_workers
    from serving.model import HousePriceModel

    end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    logging.getLogger("seldon_core").setLevel(logging.WARNING)
    metrics = Metrics()
    model = HousePriceModel(instance.bundle, instance.settings, metrics)
    model.load()
    folder = str(instance.metrics_folder)
    admission = open_admission(instance.settings)
    front = Front(model, admission, seldon_app(model, metrics), lambda: of_all_workers(folder))
    (instance.folder / f"{READY_PREFIX}{os.getpid()}").touch()
    return front


def seldon_app(model: Any, metrics: Any) -> Any:
    """Seldon's own Flask app for a loaded model."""
    from seldon_core.wrapper import get_rest_microservice

    return get_rest_microservice(model, metrics)


def end_with_parent() -> None:
    """Let the kernel end this process when its parent dies, even by SIGKILL (Linux; elsewhere `stop` ends it)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    except AttributeError:
        return
