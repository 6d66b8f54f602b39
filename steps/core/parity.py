"""Whether a service answers what the model says: pure comparison."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

Matrix = NDArray[np.float64]


class Parity(BaseModel):
    """How far two lists of answers are apart.

    Attributes:
        rows: how many answers were compared, each of them a price and the ends of its interval.
        largest_difference: in the target's unit.
        worst_house: the house_id of the largest difference.
        worst_value: which of the answer's values it is.
        tolerance: what is allowed, in the target's unit.
    """

    rows: int
    largest_difference: float
    worst_house: int
    worst_value: str
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the two lists say the same."""
        return self.largest_difference <= self.tolerance


def compare(
    house_ids: Sequence[int], names: Sequence[str], expected: Matrix, answered: Matrix, tolerance: float
) -> Parity:
    """The comparison of the answers with the expected ones, house by house; a NaN is infinitely far from anything.

    Args:
        names: of the values of an answer.
        expected, answered: (n_houses, n_names).

    Raises:
        ValueError: there are no houses, or not one expected and one given answer of each.
    """
    if not len(house_ids) or not (len(house_ids), len(names)) == expected.shape == answered.shape:
        raise ValueError(f"{len(house_ids)} houses, {expected.shape} expected answers, {answered.shape} answers")
    distances = distance(expected, answered)
    house, value = divmod(int(distances.argmax()), len(names))
    return Parity(
        rows=len(house_ids),
        largest_difference=float(distances[house, value]),
        worst_house=house_ids[house],
        worst_value=names[value],
        tolerance=tolerance,
    )


def distance(expected: Matrix, answered: Matrix) -> Matrix:
    """How far the values are apart; infinite where one of them is no number."""
    finite = np.isfinite(expected) & np.isfinite(answered)
    apart: Matrix = np.abs(np.where(finite, expected, np.inf) - np.where(finite, answered, 0.0))
    return apart
