"""One worker of the service: the model, Seldon's app and the layer in front of it, as a WSGI application."""

import gc
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import ServingError
from serving.process.children import FAILED_PREFIX, READY_PREFIX
from serving.process.draining import Draining
from serving.process.listening import Listeners
from serving.process.processes import end_with_parent
from serving.settings import Settings

if TYPE_CHECKING:
    from serving.protocol.front import Front

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Instance:
    """One start of the service.

    Attributes:
        bundle: the folder of the model bundle that it starts with.
        folder: where this start keeps its figures, the marks of its ready workers and what is wanted of it.
        settings: the deployment facts, with the ports and places of this start.
        started: when it was started, seconds since 1970.
    """

    bundle: Path
    folder: Path
    settings: Settings
    started: float

    @property
    def metrics_folder(self) -> Path:
        """Where the workers' figures are."""
        return self.folder / "metrics"


def create(instance: Instance, listeners: Listeners, place: int, bundle: Path) -> Draining:
    """The application of this worker, its model loaded and tried; the worker takes no connection before.

    Raises:
        SystemExit: the bundle cannot be served; the reason is in the instance's folder.
    """
    end_with_parent()
    listener = listeners.keep_only(place)
    for number in (signal.SIGTERM, signal.SIGINT):  # until the server sets its own
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ready, failed = (instance.folder / f"{prefix}{os.getpid()}" for prefix in (READY_PREFIX, FAILED_PREFIX))
    try:
        front = _front(instance, bundle)
    except ServingError as err:
        failed.write_text(err.info)
        logger.error("Bundle %s cannot be served: %s", bundle, err.info)
        raise SystemExit(1) from err
    seconds = instance.settings.drain_seconds
    application = Draining(front, listener, seconds, on_leaving=lambda: ready.unlink(missing_ok=True))
    application.install()
    gc.collect()
    gc.freeze()
    ready.touch()
    return application


def _front(instance: Instance, bundle: Path) -> "Front":
    from serving.access.admission import open_admission
    from serving.metrics import Metrics, of_all_workers
    from serving.model import HousePriceModel
    from serving.protocol.front import Front

    metrics = Metrics()
    model = HousePriceModel(bundle, instance.settings, metrics)
    model.load()
    metrics.serving(model.metadata, instance.started)
    folder = str(instance.metrics_folder)
    admission = open_admission(instance.settings)
    return Front(model, admission, seldon_app(model, metrics), lambda: of_all_workers(folder))


def seldon_app(model: Any, metrics: Any) -> Any:
    """Seldon's own Flask app for a loaded model."""
    from seldon_core.wrapper import get_rest_microservice

    return get_rest_microservice(model, metrics)
