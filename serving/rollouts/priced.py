"""What a model made of a request, before anybody is answered with it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.online.lookup import Found
from serving.pricing.predictor import Matrix
from serving.protocol.requests import Query

Rows = Sequence[tuple[float, ...]]


class Priced(NamedTuple):
    """The prices of a request's rows.

    Attributes:
        raw: (n, k) the model's features in training order.
        found: what the online store said of the houses; None: the caller sent the features.
        prices: (n,) in the target's unit.
        rows: each price with the ends of its interval.
        ms: how long it took, in milliseconds.
    """

    raw: Matrix
    found: Found | None
    prices: NDArray[np.float32]
    rows: Rows
    ms: float


def part_of_query(query: Query, rows: list[int]) -> Query:
    """The request for these rows alone."""
    house_ids = query.house_ids and [query.house_ids[row] for row in rows]
    return replace(query, values=query.values[rows], house_ids=house_ids)


def part_of_priced(priced: Priced, rows: list[int]) -> Priced:
    """What was made of these rows."""
    found = priced.found
    if found is not None:
        at = {row: place for place, row in enumerate(rows)}
        expired = [at[row] for row in found.expired if row in at]
        found = Found([found.rows[row] for row in rows], [found.event_times[row] for row in rows], expired)
    return Priced(priced.raw[rows], found, priced.prices[rows], [priced.rows[row] for row in rows], priced.ms)
