"""Whether a service answers what the model says: pure comparison."""

import math
from collections.abc import Sequence

from pydantic import BaseModel


class Parity(BaseModel):
    """How far two lists of prices are apart.

    Attributes:
        rows: how many prices were compared.
        largest_difference: in the target's unit.
        worst_house: the house_id of the largest difference.
        tolerance: what is allowed, in the target's unit.
    """

    rows: int
    largest_difference: float
    worst_house: int
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the two lists say the same."""
        return self.largest_difference <= self.tolerance


def compare(house_ids: Sequence[int], expected: Sequence[float], answered: Sequence[float], tolerance: float) -> Parity:
    """The comparison of the answers with the expected prices, house by house; a NaN is infinitely far from anything.

    Raises:
        ValueError: the lists are empty, or not equally long.
    """
    if not (0 < len(house_ids) == len(expected) == len(answered)):
        raise ValueError(f"{len(house_ids)} houses, {len(expected)} expected prices, {len(answered)} answers")
    differences = [_distance(one, other) for one, other in zip(expected, answered, strict=True)]
    worst = max(range(len(differences)), key=differences.__getitem__)
    return Parity(
        rows=len(differences),
        largest_difference=differences[worst],
        worst_house=house_ids[worst],
        tolerance=tolerance,
    )


def _distance(one: float, other: float) -> float:
    return abs(one - other) if math.isfinite(one) and math.isfinite(other) else math.inf
