"""Whether one procedure is better than another on the same repeated folds: the corrected repeated K-fold t-test."""

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import stats
from sklearn.metrics import root_mean_squared_error

from steps.core.columns import Matrix
from steps.core.evaluation import splits
from steps.core.experiments import Validation


class PairedTest(BaseModel):
    """By how much the challenger's RMSE is below the champion's, in the target's unit.

    Attributes:
        gain: the mean over the folds; below 0: the challenger is worse.
        low, high: the ends of the gain's interval, which holds 1 - 2 alpha, so that either end is a one-sided test.
        p_better: how likely so large a gain is if there is none beyond the margin.
        p_not_worse: how likely so large a gain is if the challenger is worse by its margin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folds: int
    gain: float
    low: float
    high: float
    p_better: float
    p_not_worse: float


def fold_errors(truth: Matrix, left_out: Matrix, validation: Validation) -> Matrix:
    """(n_folds * n_repeats,) the RMSE of each fold, in the target's unit.

    Args:
        left_out: (n_repeats, n_rows) out-of-fold predictions in the folds of `validation`.
    """
    parts = enumerate(splits(truth, validation))
    scores = [root_mean_squared_error(truth[rows], left_out[at // validation.folds, rows]) for at, (_, rows) in parts]
    return np.array(scores, dtype=np.float64)


def paired_test(gains: Matrix, folds: int, alpha: float, margin: float, allowed_loss: float) -> PairedTest:
    """The test of the folds' gains.

    The folds of repeated K-fold share rows, so that their mean varies more than 1/n of their variance: the share of
    test rows to training rows is added (Nadeau and Bengio 2003, "Inference for the generalization error", Machine
    Learning 52; for repeated K-fold Bouckaert and Frank 2004, "Evaluating the replicability of significance tests for
    comparing learning algorithms", PAKDD).

    Args:
        gains: (n_folds * n_repeats,) the champion's error less the challenger's, by fold.
        folds: of one repeat; a fold's test rows are 1 / (folds - 1) of its training rows.
        margin: the gain must be larger than this.
        allowed_loss: "not worse" means not worse by this.
    """
    number, gain = len(gains), float(gains.mean())
    error = float(np.sqrt((1 / number + 1 / (folds - 1)) * gains.var(ddof=1)))
    reach = float(stats.t.ppf(1 - alpha, number - 1)) * error
    return PairedTest(
        folds=number,
        gain=gain,
        low=gain - reach,
        high=gain + reach,
        p_better=_p_above(gain - margin, error, number),
        p_not_worse=_p_above(gain + allowed_loss, error, number),
    )


def _p_above(distance: float, error: float, number: int) -> float:
    """How likely a mean so far above 0 is if it is 0; folds that do not vary at all leave no doubt."""
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stats.t.sf(distance / error, number - 1))
