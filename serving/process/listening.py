"""The workers' listening sockets, which outlive them, and granian's worker processes on them."""

import multiprocessing
import socket
from collections.abc import Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.net import SocketHolder
from granian.server.mp import MPServer

from serving.settings import Settings

BACKLOG = 1024


class Listeners:
    """One socket for each worker's place, all bound to the same port: the kernel spreads the connections evenly.

    One socket for all would let the quickest worker take every connection of a burst. A socket stays open while the
    workers at its place change, so that the connections in its queue are not lost. It is bound here, and listens once
    a worker with a loaded model asks it to.

    Args:
        host, port: where to listen.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        socket.create_server((host, port)).close()  # fails, as the sharing sockets do not, if someone listens there
        self.address = (host, port)
        self.sockets: dict[int, socket.socket] = {}

    def at(self, place: int) -> socket.socket:
        """The socket of a place."""
        if place not in self.sockets:
            opened = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            opened.bind(self.address)
            self.sockets[place] = opened
        return self.sockets[place]

    def close(self, place: int) -> None:
        """Leave the connections to the other places."""
        if place in self.sockets:
            self.sockets.pop(place).close()

    def keep_only(self, place: int) -> socket.socket:
        """The socket of a place; this process gives up those of the others."""
        for other in set(self.sockets) - {place}:
            self.close(other)
        return self.sockets[place]


class Granian(MPServer):
    """What makes worker processes; who starts, watches and ends them is the supervisor's business.

    granian's own loop closes a worker's socket with the worker, ends the service when a worker dies twice, and ends an
    old worker before the new one is known to work.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            "serving.process.application",
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

    def worker(self, listener: socket.socket, load: Callable[[], Any]) -> multiprocessing.Process:
        """A worker process that is not started yet; `load` makes its WSGI application in it."""
        # granian's stubs do not say that there is one before `serve`, nor what it takes.
        self._shd = SocketHolder(listener.fileno(), False, BACKLOG)  # type: ignore[call-arg, assignment]
        process: multiprocessing.Process = self._spawn_worker(0, self._spawn_wsgi_worker, load).inner
        return process
