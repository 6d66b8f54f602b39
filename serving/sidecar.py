"""The service's helper process: it turns spooled rows into whylogs profiles and shows the figures on the metrics port.

`python -m serving.sidecar --profiles DIR --metrics DIR --host H --port P`; the server starts it and it ends with it.
Only one sidecar at a time works on a profiles folder; another one, of a service that is being replaced, waits.
"""

import argparse
import fcntl
import logging
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from serving.metrics import of_all_workers
from serving.model import SPOOL
from serving.processes import end_with_parent
from serving.profiles import profile_spool

logger = logging.getLogger(__name__)
PERIOD_S = 2.0


def work(profiles: Path, stopped: threading.Event, period_s: float = PERIOD_S) -> None:
    """Bring the profiles up to date until `stopped`, and once more then."""
    last = stopped.wait(period_s)
    import whylogs.core  # noqa: F401  # now, not at the first row: it takes seconds, and a stop would have to wait

    # It tells of every profile that it reads.
    logging.getLogger("whylogs").setLevel(logging.WARNING)
    sizes: dict[Path, int] = {}
    while True:
        try:
            profile_under_lock(profiles, sizes)
        except OSError:  # a full disk may be free again in the next round
            logger.exception("The profiles could not be brought up to date")
        if last:
            return
        last = stopped.wait(period_s)


def profile_under_lock(profiles: Path, sizes: dict[Path, int] | None = None) -> int:
    """The number of rows that were added to the profiles; 0 while another process is at it."""
    (profiles / SPOOL).mkdir(parents=True, exist_ok=True)
    with (profiles / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        return profile_spool(profiles / SPOOL, profiles, sizes)


class _MetricsServer(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True  # the next version's sidecar starts before this one ends


def serve_metrics(host: str, port: int, folder: Path) -> ThreadingHTTPServer:
    """A running server that answers `/metrics` with the figures of all workers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.partition("?")[0] in ("/metrics", "/")
            body, media_type = of_all_workers(str(folder)) if known else (b"See /metrics.\n", "text/plain")
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class' name
            """Leave the scrapes out of the log."""

    server = _MetricsServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    """Work until SIGTERM, or until the server dies."""
    parser = argparse.ArgumentParser(prog="python -m serving.sidecar", description=__doc__)
    parser.add_argument("--profiles", type=Path, required=True)
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True, help="0 for no metrics port")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    end_with_parent()
    if arguments.port:
        serve_metrics(arguments.host, arguments.port, arguments.metrics)
    work(arguments.profiles, stopped)


if __name__ == "__main__":
    main()
