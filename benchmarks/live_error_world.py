"""A model with what its bundle promises, and houses that it never saw, for the simulation of live errors."""

from dataclasses import dataclass

import numpy as np
import yaml
from mlxtend.data import boston_housing_data
from sklearn.model_selection import train_test_split

from benchmarks.promotion import GOOD
from serving.pricing.intervals import Intervals
from steps.core.columns import Matrix
from steps.core.evaluation import cross_validated, out_of_fold
from steps.core.experiments import Validation
from steps.core.intervals import IntervalSettings, fit_intervals
from steps.core.measured_error import Standard
from steps.core.reference_errors import ReferenceErrors
from steps.core.regressors import regressor
from steps.data.sources import PACKAGE_FEATURES
from zenml_config.environment import ROOT

HELD_OUT = 0.4
SPAN = (1.0, 50.0)  # the contract's range of MEDV, in 1000 USD
CITY = PACKAGE_FEATURES.index("RAD")


@dataclass(frozen=True)
class World:
    """A model, and the houses that it is asked about.

    Attributes:
        metrics: `cv_mae` and so on.
        features: (n, 13) raw values of the held-out houses.
        truth, predicted: (n,) in 1000 USD.
    """

    standard: Standard
    reference: ReferenceErrors
    metrics: dict[str, float]
    features: Matrix
    truth: Matrix
    predicted: Matrix


def world(seed: int) -> World:
    """A model trained on three fifths of the houses, by the folds and the intervals of zenml_config/training.yaml."""
    document = yaml.safe_load((ROOT / "zenml_config" / "training.yaml").read_text())["parameters"]
    validation, intervals = Validation(**document["validation"]), IntervalSettings(**document["intervals"])
    X, y = boston_housing_data()
    train, test = train_test_split(np.arange(len(y)), test_size=HELD_OUT, random_state=seed)
    rows = X.astype(np.float32)  # trees do not care about the scale
    estimator = regressor(dict(GOOD), validation.model_seed)
    left_out = out_of_fold(estimator, rows[train], y[train], validation)
    metrics = cross_validated(y[train], left_out, validation)
    fitted = fit_intervals(y[train], left_out, intervals, SPAN)
    reference = ReferenceErrors(
        PACKAGE_FEATURES, tuple(map(tuple, X[train].tolist())), tuple(y[train].tolist()), tuple(map(tuple, left_out))
    )
    table = Intervals(fitted.as_bundled())
    return World(
        standard=Standard(metrics, table, table.coverage, SPAN[1], reference),
        reference=reference,
        metrics=metrics,
        features=X[test].astype(np.float64),
        truth=y[test].astype(np.float64),
        predicted=estimator.fit(rows[train], y[train]).predict(rows[test]).astype(np.float64),
    )
