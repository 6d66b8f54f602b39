"""What a prediction request asks for, read and checked against the contract: values in, values out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from serving.contract import FeatureSpec
from serving.errors import InvalidRequestError, TooLargeError
from serving.protocol.faults import Faults, shown

HOUSE_ID = "house_id"
Form = Literal["ndarray", "tensor"]
SWITCHES = ("explain", "features", "probe")
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class RequestContract:
    """What a request may say.

    Attributes:
        features: every feature of the contract, by name.
        used: names of the stored features that the model needs: its own in training order, then those that only its
            derived features are computed from.
        max_rows: the rows that one request may have.
        derived: the features that are computed from stored ones and never sent, by name.
    """

    features: dict[str, FeatureSpec]
    used: tuple[str, ...]
    max_rows: int
    derived: dict[str, FeatureSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A checked request.

    Attributes:
        form: how the rows came, and how the answer goes back.
        names: the columns of `values`, `house_id` left out.
        values: (n_rows, n_names) float64, NaN where a value is missing.
        house_ids: the house of each row, or None: everything is in `values`.
        probe: the rows are a test of the service, not traffic: they are left out of the profiles.
        explain: the answer is to say how each price came about.
        features: the answer is to say which features each price was made from.
    """

    form: Form
    names: tuple[str, ...]
    values: NDArray[np.float64]
    house_ids: list[int] | None
    probe: bool = False
    explain: bool = False
    features: bool = False

    @property
    def row_count(self) -> int:
        """How many rows are asked for."""
        return len(self.values)


def read_query(message: Any, contract: RequestContract) -> Query:
    """The query in a decoded Seldon message.

    Raises:
        InvalidRequestError: with one detail for each fault of each row.
        TooLargeError: there are more rows than the contract takes.
    """
    data = _data(message)
    names, (form, rows) = _names(data), read_rows(data)
    if len(rows) > contract.max_rows:
        raise TooLargeError(
            f"The request has {len(rows)} rows; the service takes {contract.max_rows} at a time. Split the request."
        )
    faults = Faults()
    _check_names(names, contract, faults)
    specs = [contract.features.get(name) for name in names]
    checked = [_row(number, row, names, specs, faults) for number, row in enumerate(rows)]
    faults.raise_if_any(InvalidRequestError)
    tags = (message.get("meta") or {}).get("tags") or {}
    house_ids = None
    if HOUSE_ID in names:
        at = names.index(HOUSE_ID)
        house_ids = [int(row.pop(at)) for row in checked]
    columns = tuple(name for name in names if name != HOUSE_ID)
    values = np.array(checked, dtype=np.float64).reshape(len(checked), len(columns))
    return Query(form, columns, values, house_ids, **{name: tags.get(name) is True for name in SWITCHES})


def _data(message: Any) -> dict[str, Any]:
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(data, dict):
        raise InvalidRequestError(
            'Wanted {"data": {"names": [...], "ndarray": [[...]]}}; the request has no "data" object.'
        )
    meta = message.get("meta")
    if meta is not None and not (isinstance(meta, dict) and isinstance(meta.get("tags", {}), dict)):
        raise InvalidRequestError('Wanted "meta" to be an object whose "tags" are an object, or no "meta".')
    _check_switches((meta or {}).get("tags") or {})
    return data


def _check_switches(tags: dict[str, Any]) -> None:
    for name in SWITCHES:
        if name in tags and type(tags[name]) is not bool:
            raise InvalidRequestError(f'Wanted the tag "{name}" to be true or false; {shown(tags[name])!r} came.')


def _names(data: dict[str, Any]) -> list[str]:
    names = data.get("names")
    if not isinstance(names, list) or not names or not all(type(name) is str for name in names):
        raise InvalidRequestError(
            'Wanted "names" in "data": a list of feature names, in any order, one for each column of the rows.'
        )
    return names


def read_rows(data: dict[str, Any]) -> tuple[Form, list[Any]]:
    """The form of a Seldon data object and its rows, not checked one by one.

    Raises:
        InvalidRequestError: there are none.
    """
    ndarray, tensor = data.get("ndarray"), data.get("tensor")
    if (ndarray is None) == (tensor is None):
        raise InvalidRequestError('Wanted either "ndarray" (a list of rows) or "tensor" (shape and values) in "data".')
    if tensor is not None:
        return "tensor", _tensor_rows(tensor)
    if not isinstance(ndarray, list) or not ndarray:
        raise InvalidRequestError('Wanted "ndarray" to be a list of at least one row, such as [[0.1, 6.5]].')
    return "ndarray", ndarray


def _tensor_rows(tensor: Any) -> list[Any]:
    shape, values = (tensor.get("shape"), tensor.get("values")) if isinstance(tensor, dict) else (None, None)
    if (
        not isinstance(shape, list)
        or not isinstance(values, list)
        or len(shape) != 2
        or not all(type(size) is int and size > 0 for size in shape)
        or shape[0] * shape[1] != len(values)
    ):
        raise InvalidRequestError(
            'Wanted "tensor" to have a "shape" [rows, columns], both at least 1, and rows x columns "values".'
        )
    width = shape[1]
    return [values[start : start + width] for start in range(0, len(values), width)]


def _check_names(names: Sequence[str], contract: RequestContract, faults: Faults) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            faults.add(feature=name, remedy="the name stands twice: send each feature once")
        elif (known := contract.derived.get(name)) is not None and known.ratio is not None:
            above, below = known.ratio.parts
            remedy = f"it is computed from {above} and {below}: send those instead"
            faults.add(feature=name, allowed=known.ratio.formula, remedy=remedy)
        elif name != HOUSE_ID and name not in contract.features:
            faults.add(feature=name, allowed=_known(contract), remedy="unknown name: leave the column out")
        seen.add(name)
    if HOUSE_ID not in seen:
        for name in contract.used:
            if name not in seen:
                allowed = contract.features[name].allowed
                faults.add(feature=name, allowed=allowed, remedy="the model needs this feature: add the column")


def _known(contract: RequestContract) -> str:
    return ", ".join([HOUSE_ID, *contract.features])


def _row(number: int, row: Any, names: Sequence[str], specs: Sequence[FeatureSpec | None], faults: Faults) -> list[Any]:
    """The row's numbers, NaN for null; what is not allowed goes to `faults` (the row is then of no use)."""
    if type(row) is not list or len(row) != len(names):
        came = f"{len(row)} values" if type(row) is list else "no list"
        faults.add(row=number, value=came, allowed=f"{len(names)} values", remedy="send one value for each name")
        return []
    checked = []
    for value, spec, name in zip(row, specs, names, strict=True):
        if spec is not None:
            checked.append(_number(number, value, spec, faults))
        elif name == HOUSE_ID:
            checked.append(_house_id(number, value, faults))
    return checked


def _number(number: int, value: Any, spec: FeatureSpec, faults: Faults) -> float:
    if value is None:
        if spec.nullable:
            return math.nan
        fault: str | None = "null is not allowed"
    elif type(value) is not float and type(value) is not int:  # a bool is an int to isinstance
        fault = "not a number"
    else:
        fault = spec.fault(value)
        if fault is None:
            return float(value)
    faults.add(row=number, feature=spec.name, value=value, allowed=spec.allowed, remedy=f"{fault}: send {spec.allowed}")
    return math.nan


def _house_id(number: int, value: Any, faults: Faults) -> int:
    if type(value) is int and value in INT64:
        return value
    # Numpy clients send whole numbers as floats; beyond 2^53 a float no longer names one house.
    if type(value) is float and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    allowed = "a whole number of 64 bits"
    faults.add(row=number, feature=HOUSE_ID, value=value, allowed=allowed, remedy=f"no house id: send {allowed}")
    return 0
