"""The service as a command.

`python -m serving.server --bundle DIR [--port N] …` serves in the foreground until SIGTERM;
`python -m serving.server stop` ends what was started in the background, `status` says what runs.
"""

import argparse
import logging
import os
import shutil
import sys
import time
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from serving.aligned import aligned
from serving.process.application import Instance, create
from serving.process.children import Companion, Kind, Worker
from serving.process.listening import Granian, Listeners
from serving.process.preload import ONE_THREAD, preload
from serving.process.supervisor import Supervisor
from serving.settings import Settings, read_settings

if TYPE_CHECKING:
    from serving.service import Service


def run(instance: Instance) -> None:
    """Serve until SIGTERM or SIGINT; the workers and the companions end with this process.

    Raises:
        ServiceError: the bundle cannot be served.
    """
    settings = instance.settings
    instance.metrics_folder.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(instance.metrics_folder)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    logging.getLogger("seldon_core").setLevel(logging.WARNING)
    try:
        preload(settings)
        # A thread of pyarrow's allocator sleeps in this process; nothing in a forked worker waits for it.
        warnings.filterwarnings("ignore", r".*use of fork\(\) may lead to deadlocks", DeprecationWarning)
        Supervisor(instance.folder, _kinds(instance), settings.drain_seconds).run(instance.bundle)
    finally:
        shutil.rmtree(instance.folder, ignore_errors=True)


def _kinds(instance: Instance) -> Sequence[Kind]:
    """The workers and their companions."""
    settings, metrics = instance.settings, instance.metrics_folder
    listeners, granian = Listeners(settings.host, settings.rest_port), Granian(settings)

    def worker(bundle: Path, place: int) -> Worker:
        load = partial(create, instance, listeners, place, bundle)
        return Worker(place, granian.worker(listeners.at(place), load), instance.folder)

    sidecar = ["-m", "serving.records.sidecar", "--host", settings.host, "--port", str(settings.metrics_port)]
    sidecar += ["--profiles", str(settings.profiles_dir), "--metrics", str(metrics)]

    def grpc(bundle: Path, place: int) -> Companion:
        command = ["-O", "-m", "serving.protocol.grpc_server", "--bundle", str(bundle), "--host", settings.host]
        command += ["--port", str(settings.grpc_port), "--profiles", str(settings.profiles_dir)]
        return Companion(place, [*command, "--metrics", str(metrics)], settings.grpc_port)

    console = ["-m", "serving.console.server", "--host", settings.host, "--port", str(settings.console_port)]
    console += ["--service-port", str(settings.rest_port), "--metrics-port", str(settings.metrics_port)]

    def page(_: Path, place: int) -> Companion:
        return Companion(place, console, settings.console_port)

    return (
        Kind("Worker", settings.workers, worker, abandon=listeners.close),
        Kind("gRPC server", 1 if settings.grpc_port else 0, grpc),
        Kind("Console", 1 if settings.console_port else 0, page, follows_bundle=False),
        Kind("Sidecar", 1, lambda _, place: Companion(place, sidecar), follows_bundle=False, ends_last=True),
    )


def _status(running: "list[Service]", as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode([{"url": one.url, **msgspec.structs.asdict(one)} for one in running]).decode()
    if not running:
        return "No service is running."
    rows = [
        (one.url, one.version, str(one.pid), "candidate" if one.candidate else "serves", one.log) for one in running
    ]
    return aligned(("address", "version", "pid", "as", "log"), rows, right={"pid"})


def parse(arguments: list[str], settings: Settings) -> argparse.Namespace:
    """The command line, the settings in place of what it leaves out."""
    parser = argparse.ArgumentParser(prog="python -m serving.server", description=__doc__)
    parser.add_argument("command", nargs="?", default="run", choices=["run", "start", "stop", "status"])
    parser.add_argument("--bundle", type=Path, help="the model bundle's folder")
    parser.add_argument("--host", default=settings.host)
    parser.add_argument("--port", type=int, default=settings.rest_port)
    parser.add_argument("--metrics-port", type=int, default=settings.metrics_port, help="0 for none")
    parser.add_argument("--grpc-port", type=int, default=settings.grpc_port, help="0 for none")
    parser.add_argument("--console-port", type=int, default=settings.console_port, help="0 for none")
    parser.add_argument("--workers", type=int, default=settings.workers)
    parser.add_argument("--profiles", type=Path, default=settings.profiles_dir)
    parser.add_argument("--json", action="store_true", help="of status: as JSON, for programs")
    parser.add_argument("--instance", type=Path, help="a folder for this start's own files")
    parsed = parser.parse_args(arguments)
    if parsed.command in ("run", "start") and parsed.bundle is None:
        parser.error(f"--bundle is needed: a folder in {settings.models_dir}, such as v1")
    return parsed


def main() -> None:
    """Do what the command line says."""
    from serving import service
    from serving.errors import ServingError

    settings = read_settings()
    wanted = parse(sys.argv[1:], settings)
    changes = {"host": wanted.host, "rest_port": wanted.port, "metrics_port": wanted.metrics_port}
    changes |= {"grpc_port": wanted.grpc_port, "console_port": wanted.console_port}
    changes |= {"workers": wanted.workers, "profiles_dir": wanted.profiles}
    settings = settings.model_copy(update=changes)
    try:
        if wanted.command == "run":
            folder = wanted.instance or settings.run_dir / f"instance-{os.getpid()}"
            run(Instance(wanted.bundle.resolve(), folder, settings, time.time()))
        elif wanted.command == "start":
            print(service.start(wanted.bundle.resolve(), settings).summary)  # noqa: T201  # a command's answer
        elif wanted.command == "stop":
            stopped = service.stop_all(settings)
            print("\n".join(f"Stopped {one.summary}" for one in stopped) or "No service was running.")  # noqa: T201
        else:
            print(_status(service.running(settings), wanted.json))  # noqa: T201
    except ServingError as err:
        raise SystemExit(err.info) from err


if __name__ == "__main__":
    main()
