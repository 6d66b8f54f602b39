"""The thin layer in front of Seldon's app, in the same process: predictions, health, and right statuses for faults."""

import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any

import msgspec

from serving.access.admission import Admission
from serving.client import Client
from serving.errors import (
    MalformedError,
    MediaTypeError,
    MethodError,
    ServingError,
    TooLargeError,
    UnknownPathError,
)
from serving.model import HousePriceModel
from serving.protocol.faults import error_body
from serving.protocol.openapi import document
from serving.protocol.requests import read_query
from serving.protocol.seldon_transport import FORM, message_of_form, presented_key
from serving.records.drift import current_verdict
from serving.records.live_error import current_live_error
from serving.records.versions import read_versions

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]
Handler = Callable[[Environ], "Answer"]

PREDICT = ("/api/v1.0/predictions", "/api/v0.1/predictions", "/predict")
FEEDBACK = ("/api/v1.0/feedback", "/api/v0.1/feedback", "/send-feedback")
RECEIPTS = "/api/v1.0/receipts"  # with a receipt's id behind it
# What Seldon's own app answers. Its routes for transformers, routers and combiners are left out: this is a model.
SELDON_GET: tuple[str, ...] = ("/health/ping", "/health/status", "/api/v1.0/health/status")
SELDON_GET += ("/metadata", "/api/v1.0/metadata")


class Answer(msgspec.Struct):
    """A response before it is sent."""

    body: bytes
    code: int = 200
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Front:
    """A WSGI application.

    Args:
        model: the model; it may still be loading.
        admission: who may ask for predictions and give feedback; the rest is open.
        seldon: Seldon's own app.
        render_metrics: the figures of all workers and their media type.
    """

    def __init__(
        self,
        model: HousePriceModel,
        admission: Admission,
        seldon: App,
        render_metrics: Callable[[], tuple[bytes, str]],
    ) -> None:
        self.model = model
        self.admission = admission
        self.seldon = seldon
        self.render_metrics = render_metrics
        self.routes: dict[str, dict[str, Handler]] = {path: {"POST": self._predict} for path in PREDICT}
        self.routes |= {path: {"POST": self._feedback} for path in FEEDBACK}
        self.routes |= {path: {"GET": self._ask_seldon} for path in SELDON_GET}
        self.routes |= {
            "/health/live": {"GET": self._live},
            "/health/ready": {"GET": self._ready},
            "/metrics": {"GET": self._metrics},
            "/drift": {"GET": self._drift},
            "/versions": {"GET": self._versions},
            RECEIPTS: {"GET": self._receipt},
            "/seldon.json": {"GET": self._openapi},
            "/openapi.json": {"GET": self._openapi},
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """The response to one request."""
        path, started, measures = self._path(environ["PATH_INFO"]), time.perf_counter(), self.model.measures
        measures.in_flight.inc()
        try:
            answer = self._route(environ, path)(environ)
        except ServingError as err:
            answer = _failure(err)
        except Exception:  # the last line: the caller gets the one shape and no trace, the log gets the trace
            logger.exception("Unexpected fault at %s", path)
            answer = _failure(ServingError("An unexpected fault of the service; it is in the service's log."))
        seconds = time.perf_counter() - started if path in PREDICT else None
        measures.answered(path if path in self.routes else "other", answer.code, seconds)
        measures.in_flight.dec()
        return _send(answer, environ["REQUEST_METHOD"], start_response)

    def _path(self, asked: str) -> str:
        """The path by which it is known: of a receipt, without the receipt."""
        return RECEIPTS if asked not in self.routes and asked.startswith(f"{RECEIPTS}/") else asked

    def _route(self, environ: Environ, path: str) -> Handler:
        method = environ["REQUEST_METHOD"]
        methods = self.routes.get(path)
        if methods is None:
            known = ", ".join(route for route in self.routes if route.startswith(("/api/v1.0", "/health", "/metadata")))
            raise UnknownPathError(
                f"Nothing is served under {path[:100]}. Served: {known}, /versions, /metrics, /drift, /seldon.json."
            )
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise MethodError(f"{path} takes {' and '.join(methods)}, not {method}.", methods)
        return handler

    def _predict(self, environ: Environ) -> Answer:
        client, model = self._admit(environ), self.model
        body = self._body(environ)
        model.check_ready()
        query = model.reader.read(body) or read_query(_decode(body), model.contract)
        if not client.tenant:
            return Answer(msgspec.json.encode(model.answer(query, client.name)))
        with self.admission.tenancy(client, *_caller(environ)):
            return Answer(msgspec.json.encode(model.answer_tenant(query, client)))

    def _feedback(self, environ: Environ) -> Answer:
        client, body = self._admit(environ), self._body(environ)
        self.model.check_ready()
        message = _decode(body)
        if client.tenant:
            with self.admission.tenancy(client, *_caller(environ)):
                self.model.tenants.confine_feedback(message, client)
        self.model.accept_feedback(message, client.label)
        sent = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json"}
        return self._ask_seldon({**environ, **sent})

    def _admit(self, environ: Environ) -> Client:
        return self.admission.admit(presented_key(environ), *_caller(environ))

    def _body(self, environ: Environ) -> bytes:
        """The body of the request.

        Raises:
            MediaTypeError: it is not declared as JSON, nor as the form in which Seldon's client sends it.
            MalformedError: it is no such form.
            TooLargeError: it is longer than the limit.
        """
        media_type = environ.get("CONTENT_TYPE") or ""
        kind = media_type.partition(";")[0].strip().lower()
        if kind not in ("application/json", FORM):
            came = f"is {media_type[:80]!r}" if media_type else "is missing"
            raise MediaTypeError(f"Wanted the header Content-Type: application/json; it {came}.")
        limit = self.model.settings.max_body_bytes
        body: bytes = environ["wsgi.input"].read(limit + 1)
        if len(body) > limit:
            raise TooLargeError(f"The body is longer than {limit} bytes. Split the request.")
        return message_of_form(body) if kind == FORM else body

    def _live(self, _: Environ) -> Answer:
        return Answer(b'{"status":"live"}')

    def _ready(self, _: Environ) -> Answer:
        self.model.check_ready()
        tags = self.model.fixed_tags
        return Answer(msgspec.json.encode({"status": "ready", "model": tags["model"], "version": tags["version"]}))

    def _metrics(self, _: Environ) -> Answer:
        body, media_type = self.render_metrics()
        return Answer(body, media_type=media_type)

    def _drift(self, _: Environ) -> Answer:
        self.model.check_ready()
        profiles, version = self.model.settings.profiles_dir, self.model.metadata.model_version
        found = current_verdict(profiles, version) | {"live_error": current_live_error(profiles, version)}
        return Answer(msgspec.json.encode(found))

    def _versions(self, _: Environ) -> Answer:
        self.model.check_ready()
        serving, found = self.model.metadata.model_version, read_versions(self.model.settings.models_dir)
        return Answer(msgspec.json.encode({"serving": serving, "versions": found}))

    def _receipt(self, environ: Environ) -> Answer:
        _, *caller = _caller(environ)
        client = self.admission.admit(presented_key(environ), RECEIPTS, *caller)
        self.model.check_ready()
        asked = environ["PATH_INFO"].removeprefix(RECEIPTS).removeprefix("/")
        with self.admission.tenancy(client, RECEIPTS, *caller):
            return Answer(msgspec.json.encode(self.model.replays.find(asked, client)))

    def _openapi(self, _: Environ) -> Answer:
        model = self.model
        model.check_ready()
        return Answer(msgspec.json.encode(document(model.contract, model.metadata, model.settings)))

    def _ask_seldon(self, environ: Environ) -> Answer:
        """What Seldon's app answers; its errors in our shape."""
        status: list[str] = []
        headers: list[tuple[str, str]] = []

        def start(line: str, sent: list[tuple[str, str]], _: Any = None) -> None:
            status.append(line)
            headers.extend(sent)

        chunks = self.seldon({**environ, "REQUEST_METHOD": environ["REQUEST_METHOD"].replace("HEAD", "GET")}, start)
        body = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        code = int(status[0].split()[0])
        if code >= 400:
            return _failure(_from_seldon(code, body))
        return Answer(body, code, dict(headers).get("Content-Type", "application/json"))


def _caller(environ: Environ) -> tuple[str, str, str]:
    """What is called, the address that has connected, and for whom it says that it calls."""
    return environ["PATH_INFO"], environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as err:
        raise MalformedError(f"The body is not JSON: {err}. NaN and Infinity are no JSON; send null.") from err


def _from_seldon(code: int, body: bytes) -> ServingError:
    """The error of Seldon's app as one of ours."""
    logger.error("Seldon's app answered %s: %s", code, body[:1000])
    error = ServingError("The service's Seldon app could not answer; the reason is in the service's log.")
    error.status = code
    return error


def _failure(error: ServingError) -> Answer:
    return Answer(msgspec.json.encode(error_body(error)), error.status, headers=error.headers)


def _send(answer: Answer, method: str, start_response: StartResponse) -> list[bytes]:
    headers = [("Content-Type", answer.media_type), ("Content-Length", str(len(answer.body))), *answer.headers]
    start_response(f"{answer.code} {HTTPStatus(answer.code).phrase}", headers)
    return [b"" if method == "HEAD" else answer.body]
