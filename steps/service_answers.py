"""Questions to a running service, and its answers."""

import http.client
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.service import Service
from steps.core.errors import DeploymentError
from steps.core.fingerprint import HOUSE_ID
from steps.core.skew import Known

PREDICTIONS = "/api/v1.0/predictions"
TIMEOUT_S = 60
OUTPUTS = 3  # a price and the two ends of its interval
NOT_FOUND = ("HOUSE_NOT_FOUND", "FEATURES_EXPIRED")


class Answers(NamedTuple):
    """What a service says of houses.

    Attributes:
        outputs: (n, 3) the prices and the ends of their intervals; NaN where the service knows no fresh features.
        known: the features that it used and when they were observed.
    """

    outputs: NDArray[np.float64]
    known: Known


def ask(service: Service, names: list[str], rows: list[list[Any]], key: str, at_once: int) -> NDArray[np.float64]:
    """(n, 3) the prices for raw features and the ends of their intervals.

    Raises:
        DeploymentError: the service answers with an error, for another version, or not at all.
    """
    replies = [_answered(service, names, rows[start : start + at_once], key) for start in range(0, len(rows), at_once)]
    return np.concatenate([np.array(reply["data"]["ndarray"], dtype=np.float64) for reply in replies])


def look_up(service: Service, house_ids: Sequence[int], features: Sequence[str], key: str, at_once: int) -> Answers:
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


def _answered(service: Service, names: list[str], rows: list[list[Any]], key: str) -> Any:
    status, reply = _call(service, names, rows, key)
    _check(service, status, reply)
    return reply


def _refused(status: int, reply: Any) -> dict[int, dict[str, Any]]:
    """What is said of the houses that are unknown or have expired, by the row of the request: a hundred at a time."""
    if status != 404 or reply["status"]["reason"] not in NOT_FOUND:
        return {}
    return {detail["row"]: detail for detail in reply["status"]["details"]}


def _check(service: Service, status: int, reply: Any) -> None:
    if status != 200:
        raise DeploymentError(f"{service.url} answers {status}: {reply['status']['info']}\n{service.log_tail()}")
    if (version := reply["meta"]["tags"]["version"]) != service.version:
        raise DeploymentError(f"{service.url} serves version {version}, wanted {service.version}.")


def _call(service: Service, names: list[str], rows: list[list[Any]], key: str) -> tuple[int, Any]:
    """The status and the reply; the rows are marked as a probe, which keeps them out of the profiles."""
    body = {"data": {"names": names, "ndarray": rows}, "meta": {"tags": {"probe": True, "features": True}}}
    connection = http.client.HTTPConnection(service.host, service.port, timeout=TIMEOUT_S)
    try:
        connection.request(
            "POST", PREDICTIONS, json.dumps(body), {"Content-Type": "application/json", "X-API-Key": key}
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as err:
        raise DeploymentError(f"{service.url} does not answer a prediction: {err}.\n{service.log_tail()}") from err
    finally:
        connection.close()
