"""Where the online store differs from the offline store, cell by cell: pure comparison."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

EVENT_TIME = "event_timestamp"
Matrix = NDArray[np.float64]


class Known(NamedTuple):
    """What a store says of houses.

    Attributes:
        values: (n_houses, n_features) float64, NaN where a value is missing.
        times: (n_houses,) when they were observed, in seconds since 1970; NaN: the house is unknown.
        given: (n_houses,) whether the store gave any values: it gives none of unknown houses, and of expired ones.
    """

    values: Matrix
    times: Matrix
    given: NDArray[np.bool_]


class Difference(BaseModel):
    """One value of one house that the two stores do not say alike.

    Attributes:
        feature: its name, or `event_timestamp`: the values may agree, but one store's observation is older.
        offline, online: the values, None where one is missing; of an event time seconds since 1970.
        offline_time, online_time: when the house was observed, ISO 8601 in UTC; None: the house is unknown there.
        hint: what may have happened, a guess.
    """

    house_id: int
    feature: str
    offline: float | None
    online: float | None
    offline_time: str | None
    online_time: str | None
    hint: str = ""

    @property
    def sentence(self) -> str:
        """The difference in words."""
        observed = f"observed {self.offline_time or 'never'} offline, {self.online_time or 'never'} online"
        if self.feature == EVENT_TIME:
            return f"house {self.house_id} was {observed} ({self.hint})"
        values = f"{self.offline!r} offline, {self.online!r} online"
        return f"{self.feature} of house {self.house_id} is {values}; {observed} ({self.hint})"


class Cells(NamedTuple):
    """Where two stores differ.

    Attributes:
        houses, features: (n_cells,) positions of the differing values.
        late: positions of the houses whose event times differ, or of which one store gave nothing.
    """

    houses: NDArray[np.intp]
    features: NDArray[np.intp]
    late: NDArray[np.intp]


def differing(offline: Known, online: Known, resolution_s: float) -> Cells:
    """The cells that are not equal, a missing value being equal to a missing value.

    Args:
        offline, online: the same houses in the same order, the same features in the same order.
        resolution_s: event times that are less than this apart are the same: the store keeps no finer ones.
    """
    if offline.values.shape != online.values.shape or offline.times.shape != online.times.shape:
        raise ValueError(f"{offline.values.shape} offline values and {online.values.shape} online ones")
    both = offline.given & online.given
    missing = np.isnan(offline.values) & np.isnan(online.values)
    houses, features = np.nonzero(~((offline.values == online.values) | missing) & both[:, np.newaxis])
    with np.errstate(invalid="ignore"):
        same_time = np.abs(offline.times - online.times) < resolution_s
    same_time |= np.isnan(offline.times) & np.isnan(online.times)
    return Cells(houses, features, np.nonzero(~same_time | (offline.given != online.given))[0])


def described(
    house_ids: Sequence[int], names: Sequence[str], offline: Known, online: Known, cells: Cells, hints: Sequence[str]
) -> list[Difference]:
    """The differences: values first, then event times, each in the order of the houses.

    Args:
        hints: one for each cell of `cells.houses`, then one for each house of `cells.late`.
    """
    places: list[tuple[int, int | None]] = list(zip(cells.houses.tolist(), cells.features.tolist(), strict=True))
    places += [(house, None) for house in cells.late.tolist()]
    stores = (offline, online)
    found = []
    for (house, feature), hint in zip(places, hints, strict=True):
        one, other = (store.times[house] if feature is None else store.values[house, feature] for store in stores)
        found.append(
            Difference(
                house_id=house_ids[house],
                feature=EVENT_TIME if feature is None else names[feature],
                offline=number(one),
                online=number(other),
                offline_time=moment(offline.times[house]),
                online_time=moment(online.times[house]),
                hint=hint,
            )
        )
    return found


def number(value: float) -> float | None:
    """The value, or None for NaN."""
    return None if np.isnan(value) else float(value)


def moment(seconds: float) -> str | None:
    """Seconds since 1970 as ISO 8601 in UTC, or None for NaN."""
    return None if np.isnan(seconds) else datetime.fromtimestamp(float(seconds), UTC).isoformat()
