"""Seldon's gRPC methods on the model: the same predictions, feedback and errors as over REST.

Seldon's own `get_grpc_server` is not used: it answers a refused request with the status OK or with UNKNOWN and the
exception's text, takes no interceptor in which a key could be checked, and has no way to drain.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import unquote

import grpc
import msgspec

from serving.access.admission import Admission
from serving.client import Client
from serving.errors import MalformedError, ServingError
from serving.model import HousePriceModel
from serving.protocol.faults import error_body
from serving.protocol.grpc_messages import read_feedback, read_message, write_reply
from serving.protocol.requests import read_query

logger = logging.getLogger(__name__)

CODES = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
# The reason travels in a header, and clients refuse headers of more than 8 KiB.
LONGEST_REASON = 6000
Method = Callable[[bytes, Client], Any]


class Methods:
    """The methods of Seldon's services `Seldon`, `Model` and `Generic` that a model has.

    Args:
        model: the model, loaded in this process.
        admission: who is answered.
    """

    def __init__(self, model: HousePriceModel, admission: Admission) -> None:
        from seldon_core.proto import prediction_pb2
        from seldon_core.seldon_methods import init_metadata
        from seldon_core.utils import json_to_seldon_model_metadata

        self.model = model
        self.admission = admission
        self.messages = prediction_pb2
        self.metadata = json_to_seldon_model_metadata(init_metadata(model))

    def services(self) -> dict[str, dict[str, Method]]:
        """The methods by their service's full name and their own."""
        services: dict[str, dict[str, Method]] = {
            "Seldon": {"Predict": self.predict, "SendFeedback": self.feedback, "ModelMetadata": self.describe},
            "Model": {"Predict": self.predict, "SendFeedback": self.feedback, "Metadata": self.describe},
            "Generic": {"SendFeedback": self.feedback},  # where Seldon's client sends a microservice's feedback
        }
        return {f"seldon.protos.{name}": methods for name, methods in services.items()}

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """The methods as grpc takes them: requests come as bytes, so that unreadable ones are answered like others."""
        return [
            grpc.method_handlers_generic_handler(
                service,
                {
                    name: grpc.unary_unary_rpc_method_handler(
                        self._guarded(f"/{service}/{name}", method),
                        response_serializer=lambda reply: reply.SerializeToString(),
                    )
                    for name, method in methods.items()
                },
            )
            for service, methods in self.services().items()
        ]

    def predict(self, request: bytes, client: Client) -> Any:
        """The prices for a `SeldonMessage`."""
        message = read_message(_parsed(self.messages.SeldonMessage, request))
        if not client.tenant:
            return write_reply(self.model.price(message, client.name))
        self.model.check_ready()
        return write_reply(self.model.answer_tenant(read_query(message, self.model.contract), client))

    def feedback(self, request: bytes, client: Client) -> Any:
        """An empty `SeldonMessage`: the feedback was kept."""
        from seldon_core.seldon_methods import send_feedback

        feedback = _parsed(self.messages.Feedback, request)
        message = read_feedback(feedback)
        self.model.check_ready()
        if client.tenant:
            self.model.tenants.confine_feedback(message, client)
        self.model.accept_feedback(message, client.label)
        return send_feedback(self.model, feedback, "0", self.model.measures)

    def describe(self, _: bytes, __: Client) -> Any:
        """What the model says of itself."""
        return self.metadata

    def _guarded(self, path: str, method: Method) -> Callable[[bytes, grpc.ServicerContext], Any]:
        """The method behind admission, its errors as statuses, its calls counted."""

        def call(request: bytes, context: grpc.ServicerContext) -> Any:
            started, code = time.perf_counter(), 200
            try:
                sent = context.invocation_metadata()
                forwarded = ",".join(str(value) for name, value in sent if name == "x-forwarded-for")
                caller = path, host(context.peer()), forwarded
                client = self.admission.admit(dict(sent).get("x-api-key"), *caller)
                with self.admission.tenancy(client, *caller):
                    return method(request, client)
            except ServingError as err:
                code = err.status
                _abort(context, err)
            except Exception:  # the last line: the caller gets no trace, the log gets it
                logger.exception("Unexpected fault at %s", path)
                code = 500
                _abort(context, ServingError("An unexpected fault of the service; it is in the service's log."))
            finally:
                seconds = time.perf_counter() - started if path.endswith("/Predict") else None
                self.model.measures.answered(path, code, seconds)

        return call


def _parsed(message: type, data: bytes) -> Any:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # no stubs

    try:
        return message.FromString(data)  # type: ignore[attr-defined]  # a class that protobuf made
    except DecodeError as err:
        raise MalformedError(f"The request is no {message.__name__} of Seldon's prediction.proto.") from err


def _abort(context: grpc.ServicerContext, error: ServingError) -> NoReturn:
    context.set_trailing_metadata([(name.lower(), value) for name, value in error.headers])
    context.abort(CODES.get(error.status, grpc.StatusCode.INVALID_ARGUMENT), reason(error))
    raise error  # not reached: abort raises


def reason(error: ServingError) -> str:
    """The one error shape as JSON, with as many of the details as a header holds."""
    body = error_body(error)
    details = body["status"]["details"]
    kept, room = 0, LONGEST_REASON - _sent_size(error.info)
    while kept < len(details) and (room := room - _sent_size(details[kept])) >= 0:
        kept += 1
    if kept < len(details):
        body["status"]["details"] = details[:kept]
        body["status"]["info"] = f"{error.info} Over gRPC {kept} of {len(details)} details are listed."
    return msgspec.json.encode(body).decode()


def _sent_size(value: Any) -> int:
    """The bytes of the value in a header, where each byte that is not ASCII takes three."""
    text = msgspec.json.encode(value)
    return len(text) + 2 * len(text.translate(None, _ASCII))


_ASCII = bytes(byte for byte in range(32, 127) if byte != ord("%"))


def host(peer: str) -> str:
    """The host in grpc's name of a caller, such as `ipv4:10.0.0.7:51234` or `ipv6:%5B::1%5D:51234`."""
    family, _, address = unquote(peer).partition(":")
    return address.rpartition(":")[0].strip("[]") if family.startswith("ip") else family
