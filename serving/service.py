"""The service in the background: start, roll to another bundle, stop, and what is running."""

import contextlib
import fcntl
import http.client
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from serving.bundle import read_metadata
from serving.errors import ServiceError
from serving.files import write_atomically
from serving.process.processes import end_group, group, is_alive, listeners, start_apart
from serving.process.rolling import FIRST, State, Wanted, read_state, write_wanted
from serving.settings import Settings

RECORD_PREFIX = "service-"
# Beyond the time of draining: what a stop of the workers, and then of the sidecar, may take.
PATIENCE_S = 15.0
START_TIMEOUT_S = 120.0
POLL_S = 0.05
TAIL_LINES = 25


class Service(msgspec.Struct, frozen=True):
    """What is kept of a running service, to find it again.

    Attributes:
        created: the main process' time of start, seconds since 1970: with the pid it names one process.
        instance: the folder of this start's own files.
        candidate: it was started to be tried out and will be stopped.
    """

    pid: int
    created: float
    host: str
    port: int
    bundle: str
    version: str
    instance: str
    log: str
    candidate: bool = False

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    @property
    def summary(self) -> str:
        """The service in one line."""
        return f"{self.url} (model version {self.version}, pid {self.pid}, log {self.log})"

    @property
    def alive(self) -> bool:
        """Whether its main process runs."""
        return is_alive(self.pid, self.created)

    def log_tail(self) -> str:
        """The last lines of its log."""
        lines = Path(self.log).read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (the log is empty)"


def running(settings: Settings) -> list[Service]:
    """The services that were started and still run, oldest first; what is left of others is cleared away."""
    found = []
    for path in settings.run_dir.glob(f"{RECORD_PREFIX}*.json"):
        try:
            service = msgspec.json.decode(path.read_bytes(), type=Service)
        except FileNotFoundError:  # another process cleared it away
            continue
        except msgspec.DecodeError:
            path.unlink(missing_ok=True)
            continue
        if service.alive:
            found.append(_as_it_is(service))
        else:
            stop(service, settings)
    return sorted(found, key=lambda service: service.created)


def serving(settings: Settings) -> list[Service]:
    """The services on the port of the settings: one or none."""
    found = running(settings)
    return [service for service in found if service.port == settings.rest_port and not service.candidate]


@contextlib.contextmanager
def only_deployer(settings: Settings) -> Iterator[None]:
    """Hold back every other deployment; candidates that a killed one left behind are ended."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with (settings.run_dir / ".deploy.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for service in running(settings):
            if service.candidate:
                stop(service, settings)
        yield


def start(
    bundle: Path,
    settings: Settings,
    timeout_s: float = START_TIMEOUT_S,
    candidate: bool = False,
) -> Service:
    """A service that is ready.

    Args:
        bundle: the model bundle's folder.
        settings: its host, ports and places.
        timeout_s: how long it may take until every worker has loaded the model.
        candidate: the service is tried out and will be stopped.

    Raises:
        ServiceError: the port is taken, or the service ended or was not ready in time; nothing of it is left.
    """
    version = read_metadata(bundle).model_version
    _check_port(settings)
    instance = settings.run_dir / f"instance-{time.time_ns()}"
    instance.mkdir(parents=True)
    log = settings.run_dir / ("candidate.log" if candidate else f"service-{settings.rest_port}.log")
    if candidate:
        log.unlink(missing_ok=True)
    # -O: Feast's type checks at import (typeguard) are left out, half of its five seconds of CPU.
    arguments = ["-O", "-m", "serving.server"]
    arguments += ["--bundle", str(bundle), "--instance", str(instance)]
    arguments += ["--host", settings.host, "--port", str(settings.rest_port)]
    arguments += ["--metrics-port", str(settings.metrics_port), "--workers", str(settings.workers)]
    arguments += ["--grpc-port", str(settings.grpc_port), "--console-port", str(settings.console_port)]
    arguments += ["--profiles", str(settings.profiles_dir)]
    pid, created = start_apart(arguments, log, os.environ)
    service = Service(
        pid=pid,
        created=created,
        host=settings.host,
        port=settings.rest_port,
        bundle=str(bundle),
        version=version,
        instance=str(instance),
        log=str(log),
        candidate=candidate,
    )
    write_atomically(_record(service, settings), msgspec.json.encode(service))
    try:
        _wait_for(service, FIRST, timeout_s)
    except BaseException:
        stop(service, settings)
        raise
    return service


def stop(service: Service, settings: Settings) -> None:
    """End all processes of the service and forget it."""
    end_group(service.pid, service.created, settings.drain_seconds + PATIENCE_S)
    shutil.rmtree(service.instance, ignore_errors=True)
    _record(service, settings).unlink(missing_ok=True)


def stop_all(settings: Settings) -> list[Service]:
    """The services that were running; none does any more."""
    services = running(settings)
    for service in services:
        stop(service, settings)
    return services


def roll(bundle: Path, settings: Settings, check: Callable[[Service], None], timeout_s: float) -> Service:
    """The service on the port, now on this bundle; the workers on it are ready before the old ones are asked to leave.

    A service that runs already keeps its process, its code and its settings: to change those, stop and start it.

    Args:
        check: raises if the service does not answer rightly; all new connections go to the new workers by then.

    Raises:
        ServiceError: the bundle was refused; the old one is served on.
        Exception: what `check` raised; the old bundle is served again.
    """
    old = serving(settings)
    new = _replace(old[-1], bundle, timeout_s) if old else start(bundle, settings, timeout_s)
    try:
        check(new)
    except BaseException:
        if old:
            _replace(new, Path(old[-1].bundle), timeout_s)
        else:
            stop(new, settings)
        raise
    return new


def _replace(service: Service, bundle: Path, timeout_s: float) -> Service:
    """The service with its bundle replaced."""
    read_metadata(bundle)
    roll = f"roll-{time.time_ns()}"
    write_wanted(Path(service.instance), Wanted(roll, str(bundle), timeout_s))
    os.kill(service.pid, signal.SIGHUP)
    # The service itself keeps to the time limit: it refuses a bundle that is not ready by then.
    state = _wait_for(service, roll, timeout_s + PATIENCE_S)
    if state.refused:
        raise ServiceError(f"The bundle {bundle} is refused, {service.bundle} is served on. {state.refused}")
    return _as_it_is(service)


def _as_it_is(service: Service) -> Service:
    """The service with the bundle that it serves now."""
    state = read_state(Path(service.instance))
    return msgspec.structs.replace(service, bundle=state.bundle, version=state.version) if state else service


def _record(service: Service, settings: Settings) -> Path:
    return settings.run_dir / f"{RECORD_PREFIX}{Path(service.instance).name}.json"


def _check_port(settings: Settings) -> None:
    """Refuse a port on which someone listens."""
    ours = {process.pid for service in running(settings) for process in group(service.pid, service.created)}
    taken = {"HPP_REST_PORT": settings.rest_port, "HPP_METRICS_PORT": settings.metrics_port}
    taken |= {"HPP_GRPC_PORT": settings.grpc_port, "HPP_CONSOLE_PORT": settings.console_port}
    for variable, port in taken.items():
        for pid in listeners(port) if port else ():
            owner = f"process {pid}" if pid else "a process of another user"
            elsewhere = f"end it, or set {variable} to another port"
            remedy = "run `python -m serving.server stop`" if pid in ours else elsewhere
            raise ServiceError(f"Port {port} is taken by {owner}: {remedy}.")


def _wait_for(service: Service, roll: str, timeout_s: float) -> State:
    """What is served once the service has dealt with the wish, and answers."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if not service.alive:
            raise ServiceError(f"The service ended while it started. The end of {service.log}:\n{service.log_tail()}")
        state = read_state(Path(service.instance))
        if state and state.roll == roll and _answers(service):
            return state
        time.sleep(POLL_S)
    raise ServiceError(
        f"The service was not ready within {timeout_s:g} s. The end of {service.log}:\n{service.log_tail()}"
    )


def _answers(service: Service) -> bool:
    connection = http.client.HTTPConnection(service.host, service.port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    return False
