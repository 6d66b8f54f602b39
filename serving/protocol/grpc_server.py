"""The same predictions over gRPC, in a process of its own.

`python -m serving.protocol.grpc_server --bundle DIR --host H --port P …`; the server starts it and it ends with it.
With gRPC in a worker's process, SIGTERM would leave it alive. Several processes may share the port: the next version's
starts before this one drains.
"""

import argparse
import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from serving.errors import ServiceError
from serving.process.preload import ONE_THREAD, preload
from serving.process.processes import end_with_parent
from serving.settings import Settings, read_settings

if TYPE_CHECKING:
    from serving.protocol.grpc_methods import Methods

logger = logging.getLogger(__name__)
GRACE_S = 5
WAITING_PER_THREAD = 100


class GrpcServer:
    """A running gRPC server: Seldon's services, health and reflection.

    Args:
        methods: what it answers.
        settings: how many threads it has, and how long a message may be.
        host, port: where it listens; other processes may listen there too.

    Raises:
        ServiceError: the address is not to be had.
    """

    def __init__(self, methods: "Methods", settings: Settings, host: str, port: int) -> None:
        from grpc_health.v1 import health, health_pb2, health_pb2_grpc
        from grpc_reflection.v1alpha import reflection

        self._server = grpc.server(
            ThreadPoolExecutor(settings.threads, "grpc"),
            methods.handlers(),
            options=[("grpc.so_reuseport", 1), ("grpc.max_receive_message_length", settings.max_body_bytes)],
            maximum_concurrent_rpcs=settings.threads * WAITING_PER_THREAD,
        )
        self._health = health.HealthServicer()
        names = ("", *methods.services())
        for name in names:
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*names[1:], health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.port = _listen(self._server, f"{host}:{port}")
        self._server.start()

    def drain(self, grace_s: float = GRACE_S) -> None:
        """Take no new call, finish those that run, and stop; after `grace_s` seconds stop all the same."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()


def _listen(server: grpc.Server, address: str) -> int:
    try:
        return int(server.add_insecure_port(address))
    except RuntimeError as err:
        raise ServiceError(f"gRPC cannot listen on {address}; set HPP_GRPC_PORT to a free port, or to 0.") from err


def load(bundle: Path, settings: Settings) -> "Methods":
    """The methods of a bundle's model, which is loaded in this process."""
    preload(settings)
    from serving.access.admission import open_admission
    from serving.model import HousePriceModel
    from serving.protocol.grpc_methods import Methods

    logging.getLogger("seldon_core").setLevel(logging.WARNING)
    model = HousePriceModel(bundle, settings)
    model.load()
    return Methods(model, open_admission(settings))


def parse(settings: Settings) -> argparse.Namespace:
    """The command line, the settings in place of what it leaves out."""
    parser = argparse.ArgumentParser(prog="python -m serving.protocol.grpc_server", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="the model bundle's folder")
    parser.add_argument("--host", default=settings.host)
    parser.add_argument("--port", type=int, default=settings.grpc_port)
    parser.add_argument("--profiles", type=Path, default=settings.profiles_dir)
    parser.add_argument("--metrics", type=Path, help="the folder of the figures of all workers")
    parser.add_argument("--ready", type=Path, help="a file to make when calls are answered")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM, or until the parent dies; then drain."""
    settings = read_settings()
    arguments = parse(settings)
    end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    if arguments.metrics:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(arguments.metrics)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    methods = load(arguments.bundle, settings.model_copy(update={"profiles_dir": arguments.profiles}))
    server = GrpcServer(methods, settings, arguments.host, arguments.port)
    logger.info("gRPC answers on %s:%s", arguments.host, server.port)
    if arguments.ready:
        arguments.ready.touch()
    stopped.wait()
    server.drain()


if __name__ == "__main__":
    main()
