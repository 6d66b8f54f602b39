"""The interval around a price by the definition of the bundle's table, in plain NumPy: what the service is held to."""

import json

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def interval_ends(prices: Vector, table: bytes) -> tuple[Vector, Vector]:
    """(n,) the lower and (n,) the upper ends of the intervals around (n,) prices.

    Half-widths lie on straight lines between the prices of the table, and are constant beyond; the ends are cut at
    the contract's range, and a price beyond it is itself an end.

    Args:
        table: the bundle's `intervals.json`.
    """
    known = json.loads(table)
    half = np.interp(prices, known["prices"], known["half_widths"])
    low = np.minimum(np.maximum(prices - half, known["minimum"]), prices)
    return low, np.maximum(np.minimum(prices + half, known["maximum"]), prices)
