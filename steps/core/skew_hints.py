"""What may have made the online store differ from the offline store: guesses from the pattern of the differences."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from steps.core.skew import Cells, Known, Matrix

UNKNOWN, STALE, NEWER, EXPIRED = "unknown house", "stale value", "newer than offline", "stale value, expired"
DEFAULT, LOST, OTHER = "default in place of a missing value", "value lost", "differs"
SWAPPED, UNIT, ROUNDED, ZONE = "swapped with", "unit change", "rounded", "time zone"
# Ratios of one unit to another are alike to within the rounding of their product.
SAME_RATIO = 1e-9
FEWEST_FOR_RATIO = 3
MOST_DIGITS = 8
# Zones stand whole quarter hours apart, at most 26 hours (UTC-12 to UTC+14).
QUARTER_S, WIDEST_ZONES_S = 900, 26 * 3600

History = Mapping[tuple[int, int], frozenset[float]]


def guess(names: Sequence[str], offline: Known, online: Known, cells: Cells, history: History) -> list[str]:
    """A hint for each differing cell, then for each house whose event time differs.

    Args:
        names: of the features.
        history: by positions of house and feature, the values that the offline store held before the present one.
    """
    by_feature = _by_feature(names, offline, online, cells)
    hints = []
    for house, feature in zip(cells.houses.tolist(), cells.features.tolist(), strict=True):
        earlier = history.get((house, feature), frozenset())
        wanted, got = float(offline.values[house, feature]), float(online.values[house, feature])
        hints.append(_of_value(wanted, got, earlier, by_feature.get(feature, "")))
    return hints + [_of_time(offline, online, house) for house in cells.late.tolist()]


def _of_value(wanted: float, got: float, earlier: frozenset[float], of_feature: str) -> str:
    """The guess for one value; one that the house had before is stale, whatever else it may be."""
    if got in earlier or (np.isnan(got) and any(np.isnan(value) for value in earlier)):
        return STALE
    if of_feature:
        return of_feature
    if np.isnan(wanted):
        return DEFAULT
    if np.isnan(got):
        return LOST
    return _rounding(wanted, got) or OTHER


def _by_feature(names: Sequence[str], offline: Known, online: Known, cells: Cells) -> dict[int, str]:
    """What holds for all differing values of a feature: another column's values, or one factor for all."""
    affected = {int(feature): cells.houses[cells.features == feature] for feature in np.unique(cells.features)}
    found = {}
    for feature, houses in affected.items():
        wanted, got = offline.values[houses, feature], online.values[houses, feature]
        others = [other for other in affected if other != feature]
        source = next((other for other in others if _equal(got, offline.values[houses, other])), None)
        if source is not None:
            found[feature] = f"{SWAPPED} {names[source]}"
        elif (ratio := _ratio(wanted, got)) is not None:
            found[feature] = f"{UNIT}: {ratio:.6g} times the offline value"
    return found


def _equal(one: Matrix, other: Matrix) -> bool:
    return bool(((one == other) | (np.isnan(one) & np.isnan(other))).all())


def _ratio(wanted: Matrix, got: Matrix) -> float | None:
    """The one factor between different values of several houses, or None: there is none."""
    if len(np.unique(wanted)) < FEWEST_FOR_RATIO or not np.isfinite([wanted, got]).all() or not wanted.all():
        return None
    ratios: NDArray[np.float64] = got / wanted
    middle = float(np.median(ratios))
    return middle if middle and bool((np.abs(ratios / middle - 1) <= SAME_RATIO).all()) else None


def _rounding(wanted: float, got: float) -> str | None:
    """Rounded or cut off, by whatever rule for halves."""
    if got == float(np.float32(wanted)):
        return f"{ROUNDED} to single precision"
    digits = next((digits for digits in range(MOST_DIGITS + 1) if round(got, digits) == got), None)
    return None if digits is None or abs(got - wanted) >= 10**-digits else f"{ROUNDED} to {digits} decimal places"


def _of_time(offline: Known, online: Known, house: int) -> str:
    wanted, got = float(offline.times[house]), float(online.times[house])
    if np.isnan(got):
        return UNKNOWN
    if not online.given[house]:
        return EXPIRED
    if np.isnan(wanted):
        return NEWER
    order = STALE if got < wanted else NEWER
    apart = abs(got - wanted)
    quarters = round(apart / QUARTER_S)
    is_zone = quarters >= 1 and abs(apart - quarters * QUARTER_S) < 1 and apart <= WIDEST_ZONES_S
    return f"{order}, or the {ZONE} of who wrote it" if is_zone else order
