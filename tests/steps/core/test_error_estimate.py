"""The error to expect before true prices come, and the file that it is made from."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from steps.core.error_estimate import expected_error, importance
from steps.core.reference_errors import read_reference_errors, reference_errors


def houses(count: int) -> pd.DataFrame:
    """One feature from 0 to 1; a house of which it is missing; prices of 20."""
    frame = pd.DataFrame({"house_id": range(count), "RM": np.linspace(0, 1, count), "ZN": 0.0, "MEDV": 20.0})
    frame.loc[0, "RM"] = np.nan
    return frame


def kept(count: int = 400) -> bytes:
    """Out-of-fold errors that grow with the feature, from 0 to 4."""
    left_out = 20 + 4 * np.linspace(0, 1, count)
    return reference_errors(houses(count), np.array([left_out, left_out]), ["RM"])


def test_houses_like_those_with_large_errors_let_expect_large_errors() -> None:
    reference, draw = read_reference_errors(kept()), np.random.default_rng(1)
    found = [
        expected_error(reference, draw.uniform(low, low + 0.2, (200, 1)), np.full(200, 20 + 4 * low))
        for low in (0.0, 0.4, 0.8)
    ]
    assert [one.mae for one in found] == pytest.approx([0.4, 2.0, 3.6], abs=0.6)
    assert all(one.rmse >= one.mae for one in found)
    assert max(found[0].effective, found[2].effective) < 200


def test_houses_as_in_training_let_expect_what_was_measured_there() -> None:
    reference = read_reference_errors(kept())
    found = expected_error(reference, reference.values, np.array(reference.predicted[0]))
    assert found.mae == pytest.approx(2.0, abs=0.05)
    assert found.effective == pytest.approx(400, rel=0.02)


def test_weights_sum_to_one_and_none_is_overwhelming_however_far_the_served_rows_are() -> None:
    known = np.random.default_rng(1).normal(0, 1, (300, 2))
    weights = importance(known, known[:50] + 8)
    assert weights.sum() == pytest.approx(1)
    assert weights.max() < 0.2


def test_the_file_gives_back_what_was_put_in() -> None:
    reference = read_reference_errors(kept(6))
    assert reference.features == ("RM",)
    assert np.isnan(reference.values[0, 0])
    assert reference.errors.shape == (2, 6)
    assert reference.errors[1].tolist() == pytest.approx([0, 0.8, 1.6, 2.4, 3.2, 4])
    assert reference.tier_edges == (20.0, 20.0)


def test_another_file_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        read_reference_errors(b'{"features": []}')
