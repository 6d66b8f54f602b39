"""The interval around a price, from the bundle's table of half-widths."""

import itertools
from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from serving.errors import BundleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTERVALS = "intervals.json"
FEW_ROWS = 8  # up to here a loop in Python is quicker than a dozen calls of NumPy


class IntervalTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Half-widths by predicted price, as training found them.

    Attributes:
        method: how they were found, in words.
        coverage: the share of true prices, 0 to 1, that the intervals are to hold.
        minimum, maximum: the contract's range of the price, in its unit.
        prices: predicted prices, ascending, in the target's unit.
        half_widths: of the interval at each of these prices; between two of them on the straight line, beyond the ends
            as at the end.
        residuals: how many errors of prediction it was found from.
        houses: how many houses these errors are of.
    """

    method: str
    coverage: float
    minimum: float
    maximum: float
    prices: tuple[float, ...]
    half_widths: tuple[float, ...]
    residuals: int
    houses: int


class Intervals:
    """The intervals of a model.

    Args:
        data: the bundle's `intervals.json`.

    Attributes:
        coverage: the share of true prices, 0 to 1, that they are to hold.

    Raises:
        BundleError: it is not of the schema, or its figures make no table.
    """

    def __init__(self, data: bytes) -> None:
        try:
            table = msgspec.json.decode(data, type=IntervalTable)
        except msgspec.DecodeError as err:
            raise BundleError(f"{INTERVALS} is not what a table of intervals must be: {err}. Register again.") from err
        if fault := _fault(table):
            raise BundleError(f"{INTERVALS} is no usable table of intervals: {fault}. Register again.")
        self.coverage = table.coverage
        self._minimum, self._maximum = table.minimum, table.maximum
        self._first, self._last = table.prices[0], table.prices[-1]
        # A straight line from each price of the table to the next: where it starts, how high, and how steep.
        self._starts, self._heights = table.prices[:-1] or table.prices, table.half_widths
        self._slopes = _slopes(table) or (0.0,)
        self._lines = tuple(np.array(each) for each in (self._starts, self._heights, self._slopes))

    def around(self, prices: "NDArray[np.floating]") -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """(n,) lower and (n,) upper ends, in the target's unit: lower <= price <= upper.

        They are cut at the contract's range. That loses no true price, since the contract lets none lie outside, in
        training or afterwards. A predicted price outside of it is itself the end of its interval.

        Args:
            prices: (n,) predicted prices.
        """
        starts, heights, slopes = self._lines
        middle = prices.astype(np.float64)
        inside = np.minimum(np.maximum(middle, self._first), self._last)
        line = np.searchsorted(starts[1:], inside, side="right")
        half = (inside - starts[line]) * slopes[line] + heights[line]
        low = np.minimum(np.maximum(middle - half, self._minimum), middle)
        high = np.maximum(np.minimum(middle + half, self._maximum), middle)
        return low, high

    def rows(self, prices: "NDArray[np.floating]") -> "list[tuple[float, float, float]]":
        """Each price with the lower and the upper end of its interval, the same numbers as `around` gives."""
        if len(prices) > FEW_ROWS:
            low, high = self.around(prices)
            return list(zip(prices.tolist(), low.tolist(), high.tolist(), strict=True))
        return [self._row(price) for price in prices.tolist()]

    def _row(self, price: float) -> tuple[float, float, float]:
        inside = min(max(price, self._first), self._last)
        line = bisect_right(self._starts, inside, 1) - 1
        half = (inside - self._starts[line]) * self._slopes[line] + self._heights[line]
        return (
            price,
            min(max(price - half, self._minimum), price),
            max(min(price + half, self._maximum), price),
        )


def _slopes(table: IntervalTable) -> tuple[float, ...]:
    pairs = zip(itertools.pairwise(table.prices), itertools.pairwise(table.half_widths), strict=True)
    return tuple((above - below) / (right - left) for (left, right), (below, above) in pairs)


def _fault(table: IntervalTable) -> str | None:
    if not 0 < table.coverage < 1:
        return f"its coverage is {table.coverage:g}, wanted a share between 0 and 1"
    if not table.minimum < table.maximum:
        return f"its range is {table.minimum:g} to {table.maximum:g}"
    if not table.prices or len(table.prices) != len(table.half_widths):
        return f"it has {len(table.half_widths)} half-widths for {len(table.prices)} prices"
    if any(later <= earlier for earlier, later in itertools.pairwise(table.prices)):
        return "its prices do not ascend"
    if min(table.half_widths) < 0:
        return f"its half-width {min(table.half_widths):g} is below 0"
    return None
