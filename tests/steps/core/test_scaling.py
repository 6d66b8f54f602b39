"""Standard scaling as data."""

import numpy as np
import pandas as pd
import pytest

from serving.bundle import read_scaler
from steps.core.scaling import as_bundled, as_estimator, fit_scaler, restrict, scale
from tests.training import prepared

THREE = pd.DataFrame(
    {"house_id": [0, 1, 2], "RM": [4.0, 6.0, np.nan], "CHAS": [1.0, 1.0, 1.0], "MEDV": [10.0, 20.0, 30.0]}
)


def test_means_and_scales_leave_missing_values_out_and_a_constant_column_alone() -> None:
    scaler = fit_scaler(THREE)
    assert scaler.features == ("RM", "CHAS")
    assert (scaler.mean, scaler.scale, scaler.houses) == ((5.0, 1.0), (1.0, 1.0), 3)


def test_scaled_values_keep_missing_ones_missing() -> None:
    np.testing.assert_array_equal(scale(THREE, fit_scaler(THREE)), np.float32([[-1, 0], [1, 0], [np.nan, 0]]))


def test_the_test_rows_have_no_part_in_the_scaler() -> None:
    train, test, scaler = prepared()
    test["RM"] = 1e6
    assert scaler.mean[scaler.features.index("RM")] == pytest.approx(train["RM"].mean())


def test_a_scaler_of_some_features_has_their_figures_in_the_new_order() -> None:
    scaler = restrict(fit_scaler(THREE), ["CHAS", "RM"])
    assert (scaler.features, scaler.mean) == (("CHAS", "RM"), (1.0, 5.0))


def test_the_bundles_file_and_scikit_learns_scaler_say_the_same() -> None:
    _, test, scaler = prepared()
    stored = read_scaler(as_bundled(scaler))
    assert (stored.features, stored.mean, stored.scale) == (scaler.features, scaler.mean, scaler.scale)
    estimator = as_estimator(scaler)
    np.testing.assert_array_equal(
        estimator.transform(test[list(scaler.features)]).astype(np.float32), scale(test, scaler)
    )
