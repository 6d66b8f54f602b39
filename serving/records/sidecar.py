"""The service's helper process: it makes what the workers wrote durable, profiles it, and removes what is too old.

It puts the profiles into the store of all machines, where there is one, and takes the verdicts from there.
It shows the figures of all workers on the metrics port, ends a rollout whose challenger is bad, and tells of rollouts.

`python -m serving.records.sidecar --profiles DIR --metrics DIR --host H --port P`; the server starts it and it ends
with it. Only one sidecar at a time works on a profiles folder; another one, of a service that is being replaced, waits.
"""

import argparse
import gc
import logging
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from serving.alerts.rollouts import tell_rollouts
from serving.errors import StoreError
from serving.files import alone
from serving.metrics import ProfileMetrics, of_all_workers
from serving.process.processes import end_with_parent
from serving.records.hourly import ENDING, FEEDBACK, sync_grown
from serving.records.profile_store import ProfileStore
from serving.records.profiles import profile_spool
from serving.records.retention import remove_old, remove_old_profiles
from serving.records.sharing import fetch_verdicts, share
from serving.records.spool import SPOOL
from serving.rollouts.watch import watch
from serving.settings import Settings, read_settings

logger = logging.getLogger(__name__)
CLEANING_S = 60.0
LOCK = ".lock"  # of the folder of the profiles


def keep_durable(profiles: Path, stopped: threading.Event, period_s: float) -> None:
    """Bring receipts and feedback to the disk every `period_s` seconds until `stopped`, and once more then."""
    sizes: dict[str, dict[str, int]] = {SPOOL: {}, FEEDBACK: {}}
    last = False
    while not last:
        last = stopped.wait(period_s)
        try:
            for name, known in sizes.items():
                sync_grown(profiles / name, known)
        except OSError:  # a file was removed meanwhile, or the disk failed: the next round tries again
            logger.exception("What was served could not be brought to the disk")


def work(profiles: Path, stopped: threading.Event, settings: Settings) -> None:
    """Bring the profiles up to date, and remove what is too old, until `stopped`, and once more then."""
    period_s = settings.profile_seconds
    last = stopped.wait(period_s)
    import whylogs.core  # noqa: F401  # now, not at the first row: it takes seconds, and a stop would have to wait

    gc.freeze()  # while rows are read, whylogs' 150,000 objects are not looked through again and again
    sizes: dict[str, int] = {}
    cleaned, figures = -CLEANING_S, ProfileMetrics()
    while True:
        try:
            figures.backlog.set(backlog(profiles, sizes))
            figures.rows.inc(profile_under_lock(profiles, sizes))
            figures.backlog.set(backlog(profiles, sizes))
            if last or time.monotonic() - cleaned >= CLEANING_S:
                clean_under_lock(profiles, settings)
                share_under_lock(profiles, settings, figures)
                cleaned = time.monotonic()
        except OSError:  # a full disk may be free again in the next round
            logger.exception("The profiles could not be brought up to date")
        figures.show_verdict(profiles)
        figures.live_error.show(profiles)
        if last:
            return
        last = stopped.wait(period_s)


def backlog(profiles: Path, sizes: dict[str, int]) -> int:
    """The bytes of receipts that were written since they were last profiled.

    Args:
        sizes: the files' sizes then, by name.
    """
    files = (profiles / SPOOL).glob(f"*{ENDING}")
    return sum(path.stat().st_size - sizes.get(path.name, 0) for path in files)


def profile_under_lock(profiles: Path, sizes: dict[str, int] | None = None) -> int:
    """The number of rows that were added to the profiles; 0 while another process is at it."""
    (profiles / SPOOL).mkdir(parents=True, exist_ok=True)
    with alone(profiles / LOCK) as may_work:
        return profile_spool(profiles / SPOOL, profiles, sizes) if may_work else 0


def clean_under_lock(profiles: Path, settings: Settings) -> list[Path]:
    """The files that were removed because they are too old or too many; none while another process is at it."""
    with alone(profiles / LOCK) as may_work:
        if not may_work:
            return []
        most_bytes = settings.receipts_max_mb * 1e6
        removed = remove_old(profiles / SPOOL, profiles, profiles / FEEDBACK, settings.receipt_days, most_bytes)
        return removed + remove_old_profiles(profiles / SPOOL, profiles, settings.profile_days)


def share_under_lock(profiles: Path, settings: Settings, figures: ProfileMetrics) -> None:
    """Put this machine's profiles into the store of all machines, if there is one, and take the verdict from it."""
    if not settings.profile_store:
        return
    with alone(profiles / LOCK) as may_work:
        if not may_work:
            return
        try:
            store = ProfileStore(settings.profile_store)
            share(profiles, store)
            fetch_verdicts(profiles, store)
        except StoreError as err:  # the profiles are here; the next round tries again
            logger.error("%s The profiles of this machine are put there later.", err)  # no trace
        else:
            figures.shared.set_to_current_time()


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
    parser = argparse.ArgumentParser(prog="python -m serving.records.sidecar", description=__doc__)
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
    settings = read_settings()
    durable = (arguments.profiles, stopped, settings.flush_seconds)
    syncing = threading.Thread(target=keep_durable, args=durable)
    watching = threading.Thread(target=watch, args=(arguments.profiles, stopped, settings))
    for thread in (syncing, watching):
        thread.start()
    # Not waited for: it may wait for a receiver, and goes on with the next start.
    threading.Thread(target=tell_rollouts, args=(stopped, settings), daemon=True).start()
    work(arguments.profiles, stopped, settings)
    for thread in (syncing, watching):
        thread.join()


if __name__ == "__main__":
    main()
