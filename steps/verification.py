"""Questions to a running service, and whether it answers them as the model does."""

import http.client
import json
from typing import Any

import pandas as pd
from pydantic import BaseModel

from serving.service import Service
from steps.core.errors import DeploymentError
from steps.core.fingerprint import HOUSE_ID
from steps.core.parity import Parity, compare

PREDICTIONS = "/api/v1.0/predictions"
TIMEOUT_S = 60
ROWS_A_CALL = 1000


class Verification(BaseModel):
    """The parity of a service with the offline predictions, asked in both ways."""

    by_raw_features: Parity
    by_house_id: Parity


def verify(service: Service, expected: pd.DataFrame, price: str, tolerance: float, key: str) -> Verification:
    """The comparison of the service's answers with the offline predictions of the same houses.

    Args:
        expected: `house_id`, the raw features and the offline price in the column `price`.
        tolerance: the allowed difference, in the target's unit.
        key: the API key to ask with.

    Raises:
        DeploymentError: the service does not answer, serves another version, or answers otherwise.
    """
    features = expected.drop(columns=[HOUSE_ID, price])
    rows = features.astype(object).where(features.notna(), None).to_numpy().tolist()
    by_raw = ask(service, list(features.columns), rows, key)
    by_id = ask(service, [HOUSE_ID], [[house] for house in expected[HOUSE_ID].tolist()], key)
    houses, prices = expected[HOUSE_ID].tolist(), expected[price].tolist()
    found = Verification(
        by_raw_features=compare(houses, prices, by_raw, tolerance),
        by_house_id=compare(houses, prices, by_id, tolerance),
    )
    _check(found.by_raw_features, "raw features", "The service computes otherwise than the bundle.")
    _check(found.by_house_id, "house id", "The online store differs from the offline store: run the feature pipeline.")
    return found


def _check(parity: Parity, asked_by: str, cause: str) -> None:
    if not parity.holds:
        raise DeploymentError(
            f"Asked by {asked_by}, the service's price of house {parity.worst_house} is "
            f"{parity.largest_difference:g} from the offline one; {parity.tolerance:g} is allowed. {cause}"
        )


def ask(service: Service, names: list[str], rows: list[list[Any]], key: str) -> list[float]:
    """The prices that the service answers; the rows are marked as a probe, which keeps them out of the profiles.

    Raises:
        DeploymentError: it answers with an error, for another version, or not at all.
    """
    return [
        price
        for start in range(0, len(rows), ROWS_A_CALL)
        for price in _call(service, names, rows[start : start + ROWS_A_CALL], key)
    ]


def _call(service: Service, names: list[str], rows: list[list[Any]], key: str) -> list[float]:
    body = {"data": {"names": names, "ndarray": rows}, "meta": {"tags": {"probe": True}}}
    connection = http.client.HTTPConnection(service.host, service.port, timeout=TIMEOUT_S)
    try:
        connection.request(
            "POST", PREDICTIONS, json.dumps(body), {"Content-Type": "application/json", "X-API-Key": key}
        )
        response = connection.getresponse()
        status, reply = response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as err:
        raise DeploymentError(f"{service.url} does not answer a prediction: {err}.\n{service.log_tail()}") from err
    finally:
        connection.close()
    if status != 200:
        raise DeploymentError(f"{service.url} answers {status}: {reply['status']['info']}\n{service.log_tail()}")
    if (version := reply["meta"]["tags"]["version"]) != service.version:
        raise DeploymentError(f"{service.url} serves version {version}, wanted {service.version}.")
    return [float(row[0]) for row in reply["data"]["ndarray"]]
