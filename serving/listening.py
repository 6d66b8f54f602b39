"""granian's worker processes on one listening socket that outlives them all."""

import multiprocessing
import socket
from collections.abc import Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.net import SocketHolder
from granian.server.mp import MPServer

from serving.settings import Settings

BACKLOG = 1024


class Listening(MPServer):
    """What makes worker processes; who starts, watches and ends them is the supervisor's business.

    granian's own loop gives each worker a socket of its own, and the connections that wait in its queue are reset when
    it is closed; it ends the service when a worker dies twice, and an old worker before the new one is known to work.

    Args:
        listener: the listening socket that all workers share.
        settings: the number of threads and workers.
    """

    def __init__(self, listener: socket.socket, settings: Settings) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # granian's servers have no full types
            "serving.application",
            address=settings.host,
            port=settings.rest_port,
            interface=Interfaces.WSGI,
            workers=settings.workers,
            blocking_threads=settings.threads,
            runtime_mode=RuntimeModes.mt,
            http=HTTPModes.http1,
            websockets=False,
        )
        self._ssp = self._sso = None
        # Each worker calls listen() again: the queue has the length that is given here.
        self._shd = SocketHolder(listener.fileno(), False, BACKLOG)  # type: ignore[call-arg]  # its stub is incomplete

    def worker(self, load: Callable[[], Any]) -> multiprocessing.Process:
        """A worker process that is not started yet; `load` makes its WSGI application in it."""
        process: multiprocessing.Process = self._spawn_worker(0, self._spawn_wsgi_worker, load).inner
        return process
