"""What the caller of the story sends and what it takes for a right answer: values in, values out."""

import math
from typing import Any

import msgspec

PREDICTIONS, FEEDBACK = "/api/v1.0/predictions", "/api/v1.0/feedback"
COLUMNS = ["MEDV", "MEDV_low", "MEDV_high"]
Row = list[float | None]


class World(msgspec.Struct, kw_only=True):
    """What the caller knows of the world; the story writes it anew when something happens.

    Attributes:
        phase: under this name the calls are counted.
        names: of the features.
        houses: the features of each house, by its id, as its owner would type them now.
        sold: the true prices of the houses that are sold now. Each is priced once, and its true price told afterwards.
        sales: another number lets the same houses be priced and told once more.
        stop: the caller's day is over.
    """

    phase: str
    names: list[str]
    houses: dict[int, Row]
    sold: dict[int, float] = {}
    sales: int = 0
    stop: bool = False


class Tally(msgspec.Struct, kw_only=True):
    """Calls, counted.

    Attributes:
        requests: all that were sent, feedback included; failed: of them those without a right answer.
        by_version: predictions by the version that answered; of a batch of two versions' houses `1+2`.
        rows_by_version: prices by version; houses_by_version: different houses.
        truths: true prices that were told and taken.
    """

    requests: int = 0
    failed: int = 0
    by_status: dict[str, int] = {}
    by_version: dict[str, int] = {}
    rows_by_version: dict[str, int] = {}
    houses_by_version: dict[str, int] = {}
    truths: int = 0

    @property
    def rows(self) -> int:
        """Prices that were answered."""
        return sum(self.rows_by_version.values())


class Failure(msgspec.Struct, frozen=True):
    """A call without a right answer: when (seconds since 1970), of what kind, and what was wrong."""

    time: float
    kind: str
    reason: str


class Calls(msgspec.Struct, kw_only=True):
    """All calls of the day, whole and by phase, and the first failures."""

    total: Tally
    phases: dict[str, Tally]
    failures: list[Failure]


class Answer(msgspec.Struct, frozen=True):
    """A right answer: the version that priced each row, and the receipt where one version priced all."""

    versions: list[str]
    receipt: str | None


def by_id(houses: list[int]) -> bytes:
    """A request for the prices of houses in the feature store."""
    return _request(["house_id"], [[house] for house in houses])


def by_features(names: list[str], rows: list[Row]) -> bytes:
    """A request for the prices of houses whose features the caller sends."""
    return _request(names, rows)


def told(receipt: str, price: float) -> bytes:
    """The true price of the house of a receipt."""
    truth = {"data": {"names": COLUMNS[:1], "ndarray": [[price]]}}
    return msgspec.json.encode({"request": {"meta": {"tags": {"receipt": receipt}}}, "truth": truth})


def _request(names: list[str], rows: Any) -> bytes:
    return msgspec.json.encode({"data": {"names": names, "ndarray": rows}})


def read_answer(body: bytes, rows: int) -> Answer:
    """The answer to a request for so many prices.

    Raises:
        ValueError: it is not right: what is wrong.
    """
    reply = msgspec.json.decode(body)
    data, tags = reply["data"], reply["meta"]["tags"]
    if data["names"] != COLUMNS or len(data["ndarray"]) != rows:
        raise ValueError(f"wanted {rows} rows of {COLUMNS}, got {len(data['ndarray'])} of {data['names']}")
    for price, low, high in data["ndarray"]:
        if not all(type(value) is float and math.isfinite(value) for value in (price, low, high)):
            raise ValueError(f"not three finite numbers: {price}, {low}, {high}")
        if not low <= price <= high:
            raise ValueError(f"the price {price} is not between {low} and {high}")
    versions = tags["versions"] if "versions" in tags else [tags["version"]] * rows
    if len(versions) != rows:
        raise ValueError(f"wanted a version for each of {rows} rows, got {len(versions)}")
    return Answer([str(version) for version in versions], tags.get("receipt"))
