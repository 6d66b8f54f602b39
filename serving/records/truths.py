"""The true prices in a feedback message of Seldon's, read and checked: values in, values out."""

from datetime import datetime
from typing import Any, NamedTuple

from serving.contract import FeatureSpec
from serving.errors import InvalidRequestError
from serving.protocol.faults import Faults
from serving.protocol.requests import HOUSE_ID, INT64, read_rows

SHAPE = 'Wanted {"request": {"data": ...}, "truth": {"data": ...}, "reward": 0.0} in Seldon\'s form'


class Truths(NamedTuple):
    """What a caller says of a prediction, or of houses.

    Attributes:
        prices: (n,) true prices, in the target's unit.
        receipt: of the prediction that they belong to; or else
        house_ids: (n,) the house of each.
        event_time: when the prices became known, in seconds since 1970, if the caller says it.
    """

    prices: list[float]
    receipt: str | None
    house_ids: list[int] | None
    event_time: float | None


def check_feedback(message: Any) -> None:
    """Refuse what Seldon's feedback route would fail at with a message of numpy's or protobuf's.

    Raises:
        InvalidRequestError: it is no Seldon feedback message.
    """
    from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]  # no stubs
    from seldon_core.flask_utils import SeldonMicroserviceException
    from seldon_core.utils import extract_feedback_request_parts, json_to_feedback

    if not isinstance(message, dict) or not message:
        raise InvalidRequestError(f"{SHAPE}; the body is no such object.")
    try:
        extract_feedback_request_parts(json_to_feedback(message))
    except (ParseError, SeldonMicroserviceException, ValueError, TypeError, AttributeError) as err:
        reason = str(getattr(err, "message", "") or err).splitlines()[0][:200].rstrip(".")
        raise InvalidRequestError(f"{SHAPE}; {reason}.") from err


def read_truths(message: dict[str, Any], target: FeatureSpec) -> Truths | None:
    """The true prices of a feedback message, or None: it brings a reward only.

    Args:
        message: as `check_feedback` lets it pass.
        target: what the contract says of the price.

    Raises:
        InvalidRequestError: with one detail for each fault of each row.
    """
    if _at(message, "truth", "data") is None:
        if message.get("reward"):
            return None
        raise InvalidRequestError(f"{SHAPE}; it has neither a truth nor a reward.")
    prices = _prices(message["truth"]["data"], target)
    receipt, house_ids = _receipt(message), None
    if receipt is None:
        house_ids = _house_ids(_at(message, "request", "data"), len(prices))
    return Truths(prices, receipt, house_ids, _event_time(_at(message, "truth", "meta", "tags", "event_time")))


def _at(message: Any, *path: str) -> Any:
    """What stands at the path, or None."""
    for name in path:
        message = message.get(name) if isinstance(message, dict) else None
    return message


def _prices(data: dict[str, Any], target: FeatureSpec) -> list[float]:
    if data.get("names") != [target.name]:
        raise InvalidRequestError(
            f'Wanted {{"names": ["{target.name}"], "ndarray": [[...], ...]}} as the data of "truth": one true price a '
            f"row, in {target.unit}."
        )
    faults = Faults()
    _, rows = read_rows(data)
    for number, row in enumerate(rows):
        if fault := _fault(row, target):
            remedy = f"{fault}: send {target.allowed}, in {target.unit}"
            faults.add(row=number, feature=target.name, value=_only(row), allowed=target.allowed, remedy=remedy)
    faults.raise_if_any(InvalidRequestError)
    return [float(row[0]) for row in rows]


def _fault(row: Any, target: FeatureSpec) -> str | None:
    if type(row) is not list or len(row) != 1:
        return "not one value in a list"
    if type(row[0]) is not float and type(row[0]) is not int:  # a bool is an int to isinstance
        return "not a number"
    return target.fault(row[0])


def _only(row: Any) -> Any:
    return row[0] if type(row) is list and len(row) == 1 else row


def _receipt(message: dict[str, Any]) -> str | None:
    """The receipt where Seldon's client echoes it: with the reply, or where a caller puts it: with the request."""
    places = (_at(message, part, "meta", "tags", "receipt") for part in ("request", "response"))
    receipts = {one if isinstance(one, str) else str(one) for one in places if one is not None}
    if len(receipts) > 1:
        raise InvalidRequestError(
            "The request and the response in the feedback have different receipts; send the one that the truth is of."
        )
    return receipts.pop() if receipts else None


def _house_ids(data: Any, count: int) -> list[int]:
    names = _at(data, "names")
    if not isinstance(names, list) or HOUSE_ID not in names:
        raise InvalidRequestError(
            "The feedback does not say what its truth is of: send the reply's meta.tags.receipt as "
            f'request.meta.tags.receipt, or "{HOUSE_ID}" among the names of request.data.'
        )
    _, rows = read_rows(data)
    if len(rows) != count:
        raise InvalidRequestError(f"The request has {len(rows)} rows, the truth {count}; send one true price a row.")
    faults = Faults()
    ids = [_house_id(number, row, names, faults) for number, row in enumerate(rows)]
    faults.raise_if_any(InvalidRequestError)
    return ids


def _house_id(number: int, row: Any, names: list[str], faults: Faults) -> int:
    value = row[names.index(HOUSE_ID)] if type(row) is list and len(row) == len(names) else row
    whole = type(value) is int or (type(value) is float and value.is_integer() and abs(value) <= 2**53)
    if whole and int(value) in INT64:
        return int(value)
    faults.add(row=number, feature=HOUSE_ID, value=value, remedy="no house id: send a whole number of 64 bits")
    return 0


def _event_time(text: Any) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidRequestError(
            'Wanted "event_time" in truth.meta.tags to be an ISO 8601 time with its zone, such as 2026-11-23T22:00:00Z.'
        )
    return moment.timestamp()
