"""How a worker leaves without cutting a caller off: it stops accepting, asks its callers to go elsewhere, then ends."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from serving.errors import NotReadyError
from serving.protocol.faults import error_body

REPLACED, STOPPED = signal.SIGUSR1, signal.SIGUSR2
POLL_S = 0.05

Headers = list[tuple[str, str]]
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Draining:
    """A WSGI application whose replies say `Connection: close` once the worker is asked to leave.

    REPLACED: another worker took over. This one accepts no connection any more; those it has get their replies.
    STOPPED: the service ends. Callers are still accepted while there are any, but `/health/ready` says 503, so that a
    load balancer sends nobody else. Either way the worker ends when its last connection is closed, or after `seconds`.

    Args:
        app: the application.
        listener: the socket of this worker's place, open in the main process and in whoever takes the place.
        seconds: how long callers get to move on.
        on_leaving: called once this worker accepts nobody any more.
    """

    def __init__(self, app: App, listener: socket.socket, seconds: float, on_leaving: Callable[[], object]) -> None:
        self.app = app
        self.listener = listener
        self.port = listener.getsockname()[1]
        self.seconds = seconds
        self.on_leaving = on_leaving
        self.begun = self.stopping = False

    def install(self) -> None:
        """Listen to the two signals; call it in the main thread."""
        for number in (REPLACED, STOPPED):
            signal.signal(number, self._begin)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The application's response."""
        if not self.begun:
            return self.app(environ, start_response)

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Connection", "close")], exc_info)

        if self.stopping and environ["PATH_INFO"] == "/health/ready":
            start("503 Service Unavailable", [("Content-Type", "application/json")])
            return [msgspec.json.encode(error_body(NotReadyError("The service is being stopped.")))]
        return self.app(environ, start)

    def _begin(self, number: int, _: Any) -> None:
        if self.begun:
            return
        self.begun, self.stopping = True, number == STOPPED
        if not self.stopping:
            self._stop_accepting()
        threading.Thread(target=self._leave, daemon=True).start()

    def _leave(self) -> None:
        deadline = time.monotonic() + self.seconds
        self._wait_until_alone(deadline)
        if self.stopping:
            self._stop_accepting()
            self._wait_until_alone(deadline)
        os.kill(os.getpid(), signal.SIGTERM)

    def _wait_until_alone(self, deadline: float) -> None:
        while connections(self.port) and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _stop_accepting(self) -> None:
        replace_listener(self.listener)
        self.on_leaving()


def connections(port: int) -> int:
    """The number of TCP connections that callers hold to this process at the port.

    The descriptors are asked one by one: the kernel's table of all connections, while it changes, is not read whole.
    """
    return sum(_is_of_a_caller(int(name), port) for name in os.listdir("/dev/fd"))  # noqa: PTH208  # no paths


def _is_of_a_caller(descriptor: int, port: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as found:
            inet = found.family in (socket.AF_INET, socket.AF_INET6)
            return inet and found.getsockname()[1] == port and bool(found.getpeername())
    except OSError:  # no socket, closed meanwhile, or not connected
        return False


def replace_listener(listener: socket.socket) -> None:
    """Let this process accept nobody from the listening socket, which stays open in the processes that share it.

    The server offers no way to stop accepting and go on answering, and closing its connections at once would cut off
    a caller whose request is on its way. So each of this process' descriptors of the socket is made to mean another
    listening socket, which nobody knows: whoever waits in the queue is left to the worker that took the place.
    """
    inode = os.fstat(listener.fileno()).st_ino
    unknown = socket.create_server(("127.0.0.1", 0))
    unknown.setblocking(False)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208  # names of descriptors, no paths
        with contextlib.suppress(OSError):  # the descriptor of this very listing is closed already
            if os.fstat(int(name)).st_ino == inode:
                os.dup2(unknown.fileno(), int(name))
    unknown.close()
