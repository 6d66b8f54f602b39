"""The four servers of the same bundle, each with its workers on a port of the loopback address."""

import http.client
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from benchmarks.requests import Requests, fastapi_batches, fastapi_rows, seldon_batches, seldon_ids, seldon_rows
from benchmarks.results import FASTAPI, SELDON, SERVICE, STATIC
from benchmarks.targets import HOST, Target, ask
from serving import service
from serving.keys import make_key
from serving.process.processes import end_group, free_port, is_alive, start_apart
from serving.settings import MOST_A_MINUTE, Settings

PATIENCE_S = 120.0
POLL_S = 0.02
KEY_HEADER = "X-API-Key"


@contextmanager
def this_service(bundle: Path, settings: Settings, folder: Path) -> Iterator[Target]:  # noqa: ARG001  # as the others
    """The service with everything on."""
    key = make_key(settings.api_keys, "benchmark", MOST_A_MINUTE)
    ports = ("rest_port", "metrics_port", "grpc_port", "console_port")
    mine = settings.model_copy(update={name: free_port(HOST) for name in ports})
    requests, headers = (seldon_rows(), seldon_ids(), seldon_batches()), _headers(key)
    started = time.perf_counter()
    running = service.start(bundle, mine)
    try:
        if not _answers(running.port, requests[0], headers):
            raise SystemExit(f"{SERVICE} does not answer a prediction with 200; its log: {running.log_tail()}")
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
    arguments = ["-m", "benchmarks.stock", "serving.model.HousePriceModel", "--service-type", "MODEL"]
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
            time.sleep(POLL_S)
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
