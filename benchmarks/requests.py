"""The bodies that the benchmark sends: the same houses for every target, in each target's own form."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import msgspec

Kind = Literal["row", "house id", "batch"]
NAMES = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")
HOUSES = 500
BATCH_ROWS = 100
BATCHES = 100
PREDICTIONS = "/api/v1.0/predictions"


@dataclass(frozen=True)
class Requests:
    """What is asked of a target.

    Attributes:
        kind: what each body holds.
        path: where the bodies are posted.
        bodies: sent one after another, over and over.
        rows: houses in a body.
    """

    kind: Kind
    path: str
    bodies: tuple[bytes, ...]
    rows: int = 1


@cache
def houses() -> list[list[float]]:
    """Features of the first 500 houses of the packaged data, in the order of NAMES; the place is the house id."""
    from mlxtend.data import boston_housing_data

    rows: list[list[float]] = boston_housing_data()[0][:HOUSES].tolist()
    return rows


def batches() -> list[list[list[float]]]:
    """A hundred different batches of a hundred houses."""
    known = houses()
    step = (len(known) - BATCH_ROWS) // BATCHES
    return [known[start : start + BATCH_ROWS] for start in range(0, step * BATCHES, step)]


def seldon_rows() -> Requests:
    """Single rows of raw features in Seldon's protocol."""
    return Requests("row", PREDICTIONS, tuple(_message(NAMES, [row]) for row in houses()))


def seldon_ids() -> Requests:
    """Single house ids in Seldon's protocol."""
    return Requests("house id", PREDICTIONS, tuple(_message(["house_id"], [[number]]) for number in range(HOUSES)))


def seldon_batches() -> Requests:
    """Batches of raw features in Seldon's protocol."""
    return Requests("batch", PREDICTIONS, tuple(_message(NAMES, rows) for rows in batches()), BATCH_ROWS)


def fastapi_rows() -> Requests:
    """Single houses for the FastAPI app."""
    return Requests("row", "/predict", tuple(msgspec.json.encode(_house(row)) for row in houses()))


def fastapi_batches() -> Requests:
    """Lists of houses for the FastAPI app."""
    bodies = tuple(msgspec.json.encode([_house(row) for row in rows]) for rows in batches())
    return Requests("batch", "/predict_batch", bodies, BATCH_ROWS)


def _message(names: Any, rows: Any) -> bytes:
    return msgspec.json.encode({"data": {"names": names, "ndarray": rows}})


def _house(row: list[float]) -> dict[str, float]:
    return dict(zip(NAMES, row, strict=True))
