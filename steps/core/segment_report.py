"""How models fare in each segment, beside the model of all houses on the same folds."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import root_mean_squared_error

from steps.core.columns import Matrix
from steps.core.evaluation import splits
from steps.core.experiments import Validation
from steps.core.quality import Difference, corrected_difference


class SegmentStanding(BaseModel):
    """A model's out-of-fold error in a segment, in the target's unit.

    Attributes:
        houses: of the segment, in all folds together.
        rmse: of each house once a repeat.
        difference: of the model's RMSE from the reference's, by fold: below 0, the model is better. None: the
            segment is in fewer than two folds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: str
    houses: int
    rmse: float
    reference_rmse: float
    difference: Difference | None


def labels(column: str, cuts: Sequence[float]) -> list[str]:
    """The segments in words, by rising value; the last one is of houses without a value."""
    ends = [f"{cut:g}" for cut in cuts]
    between = [f"{low} ≤ {column} < {high}" for low, high in pairwise(ends)]
    return [f"{column} < {ends[0]}", *between, f"{column} ≥ {ends[-1]}", f"{column} missing"]


def numbers(values: Matrix, cuts: Sequence[float]) -> NDArray[np.intp]:
    """(n_houses,) the position in `labels` of each house's segment."""
    found = np.searchsorted(np.asarray(cuts, dtype=np.float64), values, side="right")
    return np.where(np.isnan(values), len(cuts) + 1, found)


def by_segment(
    names: Sequence[str],
    segments: NDArray[np.intp],
    truth: Matrix,
    left_out: Matrix,
    reference: Matrix,
    validation: Validation,
    confidence: float,
) -> list[SegmentStanding]:
    """The standing in every segment that has houses.

    Args:
        names: of the segments.
        segments: (n_houses,) positions in `names`.
        left_out, reference: (n_repeats, n_houses) out-of-fold predictions in the folds of `validation`.
    """
    standings = []
    for number in np.unique(segments):
        own = segments == number
        standings.append(
            SegmentStanding(
                segment=names[number],
                houses=int(own.sum()),
                rmse=_rmse(truth[own], left_out[:, own]),
                reference_rmse=_rmse(truth[own], reference[:, own]),
                difference=_difference(own, truth, left_out, reference, validation, confidence),
            )
        )
    return standings


def _rmse(truth: Matrix, predicted: Matrix) -> float:
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


def _difference(
    own: NDArray[np.bool_],
    truth: Matrix,
    left_out: Matrix,
    reference: Matrix,
    validation: Validation,
    confidence: float,
) -> Difference | None:
    """The mean difference between the folds that have houses of the segment, with its interval."""
    found = []
    for fold, (_, test) in enumerate(splits(truth, validation)):
        rows, repeat = test[own[test]], fold // validation.folds
        if len(rows):
            errors = (root_mean_squared_error(truth[rows], one[repeat, rows]) for one in (left_out, reference))
            mine, theirs = errors
            found.append(mine - theirs)
    if len(found) < 2:
        return None
    return corrected_difference(np.array(found, dtype=np.float64), 1 / (validation.folds - 1), confidence)
