"""Whether one procedure is better than another on the same repeated folds: a paired test of the houses' errors."""

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
        houses, repeats: how many houses were left out in turn, how many times over.
        gain: the mean over the repeats; below 0: the challenger is worse.
        low, high: the ends of the gain's interval, which holds 1 - 2 alpha, so that either end is a one-sided test.
        p_better: how likely so large a gain is if there is none beyond the margin.
        p_not_worse: how likely so large a gain is if the challenger is worse by its margin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    houses: int
    repeats: int
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


def pooled_rmse(truth: Matrix, left_out: Matrix) -> Matrix:
    """(n_repeats,) the RMSE of all rows of each repeat, in the target's unit."""
    found: Matrix = np.sqrt(np.square(truth - left_out).mean(axis=1))
    return found


def paired_test(
    truth: Matrix, champion: Matrix, challenger: Matrix, alpha: float, margin: float, allowed_loss: float
) -> PairedTest:
    """The t-test of the houses' shares in the difference of the two RMSE.

    A house's share is that of the delta method, e² / (2 RMSE), the champion's less the challenger's; their mean has the
    standard error s / sqrt(n). With s from shares that were averaged over the repeats the test finds too much: repeats
    bring no new houses (Vanwinckelen and Blockeel 2012, "On estimating model accuracy with repeated
    cross-validation", Benelearn). So s² is the mean of the repeats' own variances, as if there were one repeat; the
    gain is averaged all the same. docs/decisions/0019 has simulations beside other tests.

    Args:
        champion, challenger: (n_repeats, n_rows) out-of-fold predictions in the same folds.
        margin: the gain must be larger than this.
        allowed_loss: "not worse" means not worse by this.
    """
    repeats, houses = challenger.shape
    before, after = pooled_rmse(truth, champion), pooled_rmse(truth, challenger)
    shares = _shares(truth, champion, before) - _shares(truth, challenger, after)
    gain = float((before - after).mean())
    error = float(np.sqrt(shares.var(axis=1, ddof=1).mean() / houses))
    reach = float(stats.t.ppf(1 - alpha, houses - 1)) * error
    return PairedTest(
        houses=houses,
        repeats=repeats,
        gain=gain,
        low=gain - reach,
        high=gain + reach,
        p_better=_p_above(gain - margin, error, houses),
        p_not_worse=_p_above(gain + allowed_loss, error, houses),
    )


def _shares(truth: Matrix, left_out: Matrix, rmse: Matrix) -> Matrix:
    """(n_repeats, n_rows) each house's share in half the RMSE; none where there is no error at all."""
    squares = np.square(truth - left_out)
    shares: Matrix = np.divide(squares, 2 * rmse[:, None], out=np.zeros_like(squares), where=rmse[:, None] > 0)
    return shares


def _p_above(distance: float, error: float, houses: int) -> float:
    """How likely a mean so far above 0 is if it is 0; houses that do not differ at all leave no doubt."""
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stats.t.sf(distance / error, houses - 1))
