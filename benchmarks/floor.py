"""The floor of the serving benchmark: a static JSON answer from the server that the service runs under."""

from collections.abc import Callable
from typing import Any

BODY = (
    b'{"data":{"names":["MEDV","MEDV_low","MEDV_high"],"ndarray":[[24.1,20.3,29.8]]},"meta":{"tags":{"model":'
    b'"house-price","version":"1","inference_ms":0.02}}}'
)
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]


def answer(_: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The same answer to every request: a WSGI application."""
    start_response("200 OK", HEADERS)
    return [BODY]
