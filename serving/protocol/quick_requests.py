"""Faultless prediction requests, read in one pass over the bytes and checked as one matrix.

The rules are those of `serving.protocol.requests`, which remains the judge: what is not taken here is read again there,
where every fault gets its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from serving.protocol.requests import HOUSE_ID, INT64, Query, RequestContract

MOST_PLANS = 256
FEW_ROWS = 8  # up to here a loop in Python is quicker than a dozen calls of NumPy
NAME_OF_HOUSE_ID = HOUSE_ID.encode()


class _Data(msgspec.Struct):
    names: tuple[str, ...]
    ndarray: list[list[float | None]]
    tensor: None = None


class _Tags(msgspec.Struct):
    probe: bool = False
    explain: bool = False
    features: bool = False


class _Meta(msgspec.Struct):
    tags: _Tags = msgspec.field(default_factory=_Tags)


class _Raw(msgspec.Struct):
    data: _Data
    meta: _Meta = msgspec.field(default_factory=_Meta)


class _HouseIds(msgspec.Struct):
    names: tuple[str, ...]
    ndarray: list[tuple[int]]
    tensor: None = None


class _ById(msgspec.Struct):
    data: _HouseIds
    meta: _Meta = msgspec.field(default_factory=_Meta)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the columns of a request must keep to, for one order of names.

    Attributes:
        lowest, highest: (n_names,) the allowed ranges.
        whole: (n_names,) whether a column takes whole numbers only.
        nullable: (n_names,) whether a value may be missing.
        columns: the four of them column by column.
    """

    columns: tuple[tuple[float, float, bool, bool], ...]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    whole: NDArray[np.bool_]
    nullable: NDArray[np.bool_]

    def allows(self, rows: Sequence[Sequence[float | None]]) -> bool:
        """Whether all values are allowed, row by row; every row has a value for each column."""
        for row in rows:
            for value, (lowest, highest, whole, nullable) in zip(row, self.columns, strict=True):
                if value is None:
                    if not nullable:
                        return False
                elif not lowest <= value <= highest or (whole and value != int(value)):
                    return False
        return True

    def allows_matrix(self, values: NDArray[np.float64]) -> bool:
        """The same for many rows: (n_rows, n_names), NaN where a value is missing."""
        allowed = (values >= self.lowest) & (values <= self.highest)
        if np.count_nonzero(allowed) != allowed.size:  # or some are missing, which no comparison holds for
            missing = np.isnan(values)
            if not (allowed | (missing & self.nullable)).all():
                return False
            values = np.where(missing, 0.0, values)
        return not np.count_nonzero((np.rint(values) != values) & self.whole)


class QuickReader:
    """Reads requests of one contract.

    Args:
        contract: what a request may say.
    """

    def __init__(self, contract: RequestContract) -> None:
        self.contract = contract
        self._raw = msgspec.json.Decoder(_Raw)
        self._by_id = msgspec.json.Decoder(_ById)
        # Bounded: a caller who invents orders of names gets the slower way, not our memory.
        self._plan = lru_cache(MOST_PLANS)(self._make_plan)

    def read(self, body: bytes) -> Query | None:
        """The query in the body, or None: read it with `read_query`, which says what is wrong if anything is.

        A tensor and a what-if are left to `read_query` too.
        """
        try:
            if NAME_OF_HOUSE_ID in body:
                return self._houses(self._by_id.decode(body))
            return self._features(self._raw.decode(body))
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None

    def _features(self, message: _Raw) -> Query | None:
        names, rows = message.data.names, message.data.ndarray
        plan = self._plan(names)
        if plan is None or not 0 < len(rows) <= self.contract.max_rows:
            return None
        values = np.array(rows, dtype=np.float64)  # rows of unequal length raise ValueError
        if values.shape[1] != len(names):
            return None
        if not (plan.allows(rows) if len(rows) <= FEW_ROWS else plan.allows_matrix(values)):
            return None
        tags = message.meta.tags
        return Query("ndarray", names, values, None, tags.probe, tags.explain, tags.features)

    def _houses(self, message: _ById) -> Query | None:
        ids = [house_id for (house_id,) in message.data.ndarray]
        if message.data.names != (HOUSE_ID,) or not 0 < len(ids) <= self.contract.max_rows:
            return None
        if not all(house_id in INT64 for house_id in ids):
            return None
        tags = message.meta.tags
        return Query("ndarray", (), np.empty((len(ids), 0)), ids, tags.probe, tags.explain, tags.features)

    def _make_plan(self, names: tuple[str, ...]) -> _Plan | None:
        """The plan for these names, or None: they are not what the contract wants."""
        features = self.contract.features
        if len(set(names)) < len(names) or not set(self.contract.used) <= set(names) <= set(features):
            return None
        specs = [features[name] for name in names]
        if any(spec.kind == "binary" and spec.maximum - spec.minimum != 1 for spec in specs):
            return None  # between the two values there are whole numbers that are not allowed
        columns = tuple((spec.minimum, spec.maximum, spec.kind != "continuous", spec.nullable) for spec in specs)
        lowest, highest, whole, nullable = (np.array(each) for each in zip(*columns, strict=True))
        return _Plan(columns, lowest, highest, whole, nullable)
