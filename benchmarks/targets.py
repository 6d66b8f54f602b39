"""What is measured: four servers of the same bundle, each with two workers, started one after another."""

import http.client
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.keys import KEY_HEADER, key_for_benchmark
from benchmarks.requests import (
    Requests,
    fastapi_batches,
    fastapi_rows,
    seldon_batches,
    seldon_ids,
    seldon_rows,
)
from serving import service
from serving.processes import end_group, free_port, group, is_alive, start_apart
from serving.settings import Settings

HOST = "127.0.0.1"
PATIENCE_S = 120.0
SERVICE, FASTAPI, SELDON, STATIC = "this service", "FastAPI", "stock Seldon", "static JSON"


@dataclass(frozen=True)
class Target:
    """A running server.

    Attributes:
        requests: what it is asked.
        headers: sent with each request.
        pid, created: its main process, the leader of the group of all its processes.
        cold_start_s: from the start of the process to the first answer.
    """

    name: str
    port: int
    requests: tuple[Requests, ...]
    headers: dict[str, str]
    pid: int
    created: float
    cold_start_s: float

    def cpu_seconds(self) -> float:
        """The processor time of all its processes so far, those that have ended and were waited for included."""
        return sum(sum(process.cpu_times()[:4]) for process in group(self.pid, self.created))

    def memory_mb(self, workers: int) -> tuple[float, float]:
        """The memory (PSS) of a worker and of all processes together; the workers are those that worked most."""
        known = [(sum(each.cpu_times()[:2]), each.memory_full_info().pss) for each in group(self.pid, self.created)]
        sizes = [size / 1e6 for _, size in sorted(known, reverse=True)]
        return sum(sizes[:workers]) / workers, sum(sizes)


def ask(port: int, requests: Requests, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer to one request."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("POST", requests.path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@contextmanager
def this_service(bundle: Path, settings: Settings, folder: Path) -> Iterator[Target]:
    """The service with everything on."""
    key = key_for_benchmark(settings)
    own = {"rest_port": free_port(HOST), "metrics_port": free_port(HOST), "profiles_dir": folder / "profiles"}
    mine = settings.model_copy(update={**own, "host": HOST})
    requests, headers = (seldon_rows(), seldon_ids(), seldon_batches()), _headers(key)
    started = time.perf_counter()
    running = service.start(bundle, mine)
    try:
        _expect_200(SERVICE, running.port, requests[0], headers)
        seconds = time.perf_counter() - started
        yield Target(SERVICE, running.port, requests, headers, running.pid, running.created, seconds)
    finally:
        service.stop(running, mine)


@contextmanager
def fastapi(bundle: Path, settings: Settings, folder: Path) -> Iterator[Target]:
    """The FastAPI app under uvicorn."""
    port, key = free_port(HOST), "a-key-of-the-peer"
    arguments = ["-m", "uvicorn", "--factory", "benchmarks.peer:create", "--host", HOST, "--port", str(port)]
    arguments += ["--workers", str(settings.workers), "--log-level", "warning", "--no-access-log"]
    own = {"PEER_BUNDLE": str(bundle), "PEER_KEY": key}
    with _started(FASTAPI, arguments, own, folder, port, (fastapi_rows(), fastapi_batches()), _headers(key)) as target:
        yield target


@contextmanager
def stock_seldon(bundle: Path, settings: Settings, folder: Path) -> Iterator[Target]:
    """Seldon's own command line with the same user model."""
    port = free_port(HOST)
    parameters = msgspec.json.encode([{"name": "bundle", "type": "STRING", "value": str(bundle)}]).decode()
    arguments = ["-m", "benchmarks.stock", "benchmarks.stock.Model", "--service-type", "MODEL"]
    arguments += ["--parameters", parameters, "--workers", str(settings.workers), "--grpc-workers", "0"]
    arguments += ["--http-port", str(port), "--metrics-port", str(free_port(HOST))]
    own = {"HPP_PROFILES_DIR": str(folder / "stock-profiles")}
    with _started(SELDON, arguments, own, folder, port, (seldon_rows(), seldon_batches()), _headers(None)) as target:
        yield target


@contextmanager
def static_json(bundle: Path, settings: Settings, folder: Path) -> Iterator[Target]:  # noqa: ARG001  # it serves none
    """A static answer from the server that the service runs under."""
    port = free_port(HOST)
    arguments = ["-m", "granian", "--interface", "wsgi", "--no-ws", "--host", HOST, "--port", str(port)]
    arguments += ["--workers", str(settings.workers), "--blocking-threads", str(settings.threads)]
    with _started(
        STATIC, [*arguments, "benchmarks.floor:answer"], {}, folder, port, (seldon_rows(),), _headers(None)
    ) as target:
        yield target


ALL: tuple[Callable[[Path, Settings, Path], AbstractContextManager[Target]], ...] = (
    this_service,
    fastapi,
    stock_seldon,
    static_json,
)


@contextmanager
def _started(
    name: str,
    arguments: Sequence[str],
    own: dict[str, str],
    folder: Path,
    port: int,
    requests: tuple[Requests, ...],
    headers: dict[str, str],
) -> Iterator[Target]:
    """A server that answers; it ends with the block."""
    log = folder / f"{name.replace(' ', '-')}.log"
    began = time.perf_counter()
    pid, created = start_apart(arguments, log, {**os.environ, **own})
    try:
        while not _answers(port, requests[0], headers):
            if time.perf_counter() - began > PATIENCE_S or not is_alive(pid, created):
                raise SystemExit(f"{name} did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.02)
        yield Target(name, port, requests, headers, pid, created, time.perf_counter() - began)
    finally:
        end_group(pid, created, 5)


def _answers(port: int, requests: Requests, headers: dict[str, str]) -> bool:
    try:
        return ask(port, requests, requests.bodies[0], headers) == 200
    except (OSError, http.client.HTTPException):
        return False


def _headers(key: str | None) -> dict[str, str]:
    return {"Content-Type": "application/json", KEY_HEADER: key or "none"}


def _expect_200(name: str, port: int, requests: Requests, headers: dict[str, str]) -> None:
    if (status := ask(port, requests, requests.bodies[0], headers)) != 200:
        raise SystemExit(f"{name} answers {status} to a {requests.kind}.")


def check(target: Target) -> None:
    """Ask each body once.

    Raises:
        SystemExit: an answer is not 200; the figures of such a run would be worth nothing.
    """
    for requests in target.requests:
        for body in requests.bodies[:100]:
            if (status := ask(target.port, requests, body, target.headers)) != 200:
                raise SystemExit(f"{target.name} answers {status} to a {requests.kind}: {body[:300]!r}")
    sys.stderr.write(f"{target.name} answers, {target.cold_start_s:.1f} s after its start\n")
