"""Questions to a running service, and its answers."""

import http.client
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from steps.core.errors import DeploymentError
from steps.core.fingerprint import HOUSE_ID
from steps.core.skew import Known

PREDICTIONS = "/api/v1.0/predictions"
TIMEOUT_S = 60
OUTPUTS = 3  # a price and the two ends of its interval
NOT_FOUND = ("HOUSE_NOT_FOUND", "FEATURES_EXPIRED")


class Answering(Protocol):
    """A service that can be asked: one of this machine, or one in a cluster."""

    @property
    def url(self) -> str:
        """Where it answers; a path is put before those of the service."""

    @property
    def version(self) -> str:
        """The model version that it should serve."""

    def log_tail(self) -> str:
        """The end of its log, or how to read it."""


class Answers(NamedTuple):
    """What a service says of houses.

    Attributes:
        outputs: (n, 3) the prices and the ends of their intervals; NaN where the service knows no fresh features.
        known: the features that it used and when they were observed.
    """

    outputs: NDArray[np.float64]
    known: Known


def ask(service: Answering, names: list[str], rows: list[list[Any]], key: str, at_once: int) -> NDArray[np.float64]:
    """(n, 3) the prices for raw features and the ends of their intervals.

    Raises:
        DeploymentError: the service answers with an error, for another version, or not at all.
    """
    replies = [_answered(service, names, rows[start : start + at_once], key) for start in range(0, len(rows), at_once)]
    return np.concatenate([np.array(reply["data"]["ndarray"], dtype=np.float64) for reply in replies])


def look_up(service: Answering, house_ids: Sequence[int], features: Sequence[str], key: str, at_once: int) -> Answers:
    """What the service says of these houses by their ids.

    Args:
        features: those that the model uses, in training order.
        at_once: houses a call.

    Raises:
        DeploymentError: the service answers with an error, for another version or with other features, or not at all.
    """
    shape = (len(house_ids), len(features))
    outputs, values = np.full((shape[0], OUTPUTS), np.nan), np.full(shape, np.nan)
    times, given = np.full(shape[0], np.nan), np.zeros(shape[0], dtype=bool)
    waiting = list(range(len(house_ids)))
    while waiting:
        asked, waiting = waiting[:at_once], waiting[at_once:]
        status, reply = _call(service, [HOUSE_ID], [[house_ids[at]] for at in asked], key)
        refused = _refused(status, reply)
        if refused:
            for row, detail in refused.items():
                if "event_time" in detail:
                    times[asked[row]] = datetime.fromisoformat(detail["event_time"]).timestamp()
            waiting = [at for row, at in enumerate(asked) if row not in refused] + waiting
            continue
        _check(service, status, reply)
        used = reply["meta"]["tags"]["features"]
        if used["names"] != list(features):
            raise DeploymentError(f"{service.url} prices by {used['names']}, wanted {list(features)}.")
        outputs[asked] = reply["data"]["ndarray"]
        values[asked] = np.array(used["rows"], dtype=np.float64)
        times[asked], given[asked] = used["event_times"], True
    return Answers(outputs, Known(values, times, given))


def ready_version(url: str) -> str | None:
    """The version that is ready behind an address now, or None: none is, or it does not say so."""
    connection, path = _connection(url, "/health/ready")
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        found = json.loads(response.read())
        return str(found["version"]) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError):
        return None
    finally:
        connection.close()


def _answered(service: Answering, names: list[str], rows: list[list[Any]], key: str) -> Any:
    status, reply = _call(service, names, rows, key)
    _check(service, status, reply)
    return reply


def _refused(status: int, reply: Any) -> dict[int, dict[str, Any]]:
    """What is said of the houses that are unknown or have expired, by the row of the request: a hundred at a time."""
    if status != 404 or reply["status"]["reason"] not in NOT_FOUND:
        return {}
    return {detail["row"]: detail for detail in reply["status"]["details"]}


def _check(service: Answering, status: int, reply: Any) -> None:
    if status != 200:
        raise DeploymentError(f"{service.url} answers {status}: {reply['status']['info']}\n{service.log_tail()}")
    if (version := reply["meta"]["tags"]["version"]) != service.version:
        raise DeploymentError(f"{service.url} serves version {version}, wanted {service.version}.")


def _call(service: Answering, names: list[str], rows: list[list[Any]], key: str) -> tuple[int, Any]:
    """The status and the reply; the rows are marked as a probe, which keeps them out of the profiles."""
    body = {"data": {"names": names, "ndarray": rows}, "meta": {"tags": {"probe": True, "features": True}}}
    connection, path = _connection(service.url, PREDICTIONS)
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as err:
        raise DeploymentError(f"{service.url} does not answer a prediction: {err}.\n{service.log_tail()}") from err
    finally:
        connection.close()


def _connection(url: str, path: str) -> tuple[http.client.HTTPConnection, str]:
    """A connection to an address, and the path of the service behind it."""
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    return kind(address.netloc, timeout=TIMEOUT_S), address.path.rstrip("/") + path
