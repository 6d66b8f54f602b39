"""How far the answered prices were from the true ones, of one version and one part of the day."""

from typing import NamedTuple

import numpy as np

from pipelines.story.plot import StoryError
from serving.records.feedback import Feedback

RESAMPLES = 2000
SEED = 0
ENDS = (2.5, 97.5)  # per cent


class Error(NamedTuple):
    """The root mean squared error with its 95 % bootstrap interval, in 1000 USD, and of how many prices it is."""

    prices: int
    rmse: float
    low: float
    high: float

    def __str__(self) -> str:
        """The error in words."""
        return f"{self.rmse:.2f} ({self.low:.2f} to {self.high:.2f}; {self.prices} true prices)"


def error_of(records: list[Feedback], version: str, since: float) -> Error:
    """The error of the prices that the version answered and whose true ones came since then (seconds since 1970).

    Raises:
        StoryError: there are none.
    """
    found = [one for one in records if one.version == version and one.received >= since and one.price is not None]
    if not found:
        raise StoryError(f"No true price of a prediction of version {version} came.")
    squares = np.square([one.truth - (one.price or 0.0) for one in found])
    draw = np.random.default_rng(SEED).integers(len(squares), size=(RESAMPLES, len(squares)))
    low, high = np.sqrt(np.percentile(squares[draw].mean(axis=1), ENDS))
    return Error(len(found), float(np.sqrt(squares.mean())), float(low), float(high))
