"""The error to expect of rows whose true prices are not known yet: out-of-fold errors, weighted by importance."""

from typing import NamedTuple

import numpy as np

from steps.core.columns import Matrix
from steps.core.reference_errors import ReferenceErrors

REGULARISATION = 0.1  # scikit-learn's C; 0.02 and 0.5 did no better on windows of held-out houses, shifted in 18 ways
# Weights beyond this quantile are cut, or a few rows decide (Ionides 2008, "Truncated importance sampling"). Without
# the cut the same windows were missed by a quarter more.
CUT = 0.95
ROUNDS = 500


class Expected(NamedTuple):
    """The errors to expect, in the target's unit.

    Attributes:
        effective: of how many training rows the weighted mean is worth (Kish 1965): few, if the rows are unlike them.
    """

    mae: float
    rmse: float
    effective: float


def expected_error(reference: ReferenceErrors, features: Matrix, predicted: Matrix) -> Expected:
    """The mean error of the training rows, out of fold, each counting as much as there are such rows among the served.

    The weights are the odds that a classifier gives a training row to be a served one (Bickel, Brückner and Scheffer
    2009, "Discriminative learning under covariate shift", JMLR 10); with them the mean is that of the served rows, if
    errors depend on the features as they did (Shimodaira 2000; Sugiyama, Krauledat and Müller 2007, JMLR 8). If they
    do not, because prices have changed, no estimate without true prices can know.

    Args:
        features: (n, k) raw values of the served rows, in the order of the reference; missing ones are NaN.
        predicted: (n,) their prices.
    """
    weights = importance(
        np.column_stack([reference.values, np.array(reference.predicted).mean(axis=0)]),
        np.column_stack([features, predicted]),
    )
    errors = reference.errors
    return Expected(
        mae=float(weights @ np.abs(errors).mean(axis=0)),
        rmse=float(np.sqrt(weights @ (errors**2).mean(axis=0))),
        effective=float(1 / (weights**2).sum()),
    )


def importance(known: Matrix, served: Matrix) -> Matrix:
    """(n_known,) weights that sum to 1, under which the known rows are about as the served ones."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    spread[spread == 0] = 1
    rows = np.nan_to_num((np.vstack([known, served]) - mean) / spread)  # a missing value counts as the mean
    is_served = np.repeat([0, 1], [len(known), len(served)])
    classifier = LogisticRegression(C=REGULARISATION, max_iter=ROUNDS).fit(rows, is_served)
    odds: Matrix = np.exp(classifier.decision_function(rows[: len(known)]))
    cut = np.minimum(odds, np.quantile(odds, CUT))
    weights: Matrix = cut / cut.sum()
    return weights
