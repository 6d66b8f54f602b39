"""Procedures on the same folds."""

import numpy as np
import pytest

from steps.core.columns import Matrix
from steps.core.errors import ConfigurationError
from steps.core.procedures import linear, median
from steps.core.quality import corrected_difference, grouped_folds, predictions, repeated_folds, standings
from steps.core.search import Scaled


def test_the_interval_of_four_differences_by_hand() -> None:
    # Mean 0.5, variance 1/3, n_test/n_train 1/4: standard error sqrt((1/4 + 1/4) / 3) = 0.408, t(3) at 97.5 % = 3.182.
    found = corrected_difference(np.array([0.0, 0.0, 1.0, 1.0]), 0.25, 0.95)
    assert found.mean == 0.5
    assert (found.low, found.high) == (pytest.approx(0.5 - 1.299, abs=1e-3), pytest.approx(0.5 + 1.299, abs=1e-3))
    assert found.p_value == pytest.approx(0.308, abs=1e-3)


def test_equal_differences_leave_no_doubt() -> None:
    assert corrected_difference(np.zeros(5), 0.25, 0.95).p_value == 1
    assert corrected_difference(np.ones(5), 0.25, 0.95).model_dump() == {"mean": 1, "low": 1, "high": 1, "p_value": 0}


def test_the_corrected_test_finds_no_more_than_its_share_of_false_differences() -> None:
    """Means of overlapping training rows, as in repeated cross-validation, for 200 data sets without a difference."""
    choice = np.random.default_rng(3)
    false = plain = 0
    for _ in range(200):
        y = choice.normal(size=60)
        noise = choice.normal(scale=0.3, size=(2, 60))
        differences = np.array(
            [
                np.sqrt(np.mean((y[test] - (y + noise[0])[train].mean()) ** 2))
                - np.sqrt(np.mean((y[test] - (y + noise[1])[train].mean()) ** 2))
                for train, test in repeated_folds(60, 5, 4, 1)
            ]
        )
        false += corrected_difference(differences, 0.25, 0.95).p_value < 0.05
        plain += corrected_difference(differences, 0, 0.95).p_value < 0.05
    assert false / 200 < 0.1
    assert plain > false


def test_every_procedure_is_judged_on_the_same_folds_and_the_first_one_is_held_against_the_others() -> None:
    choice = np.random.default_rng(0)
    X = choice.normal(size=(40, 2)).astype(np.float32)
    y = X[:, 0] * 3.0 + 1
    folds = repeated_folds(40, 4, 2, 1)
    predicted = {"linear": predictions(linear, X, y, folds), "median": predictions(median, X, y, folds)}
    first, second = standings(predicted, y, folds, 0.95)
    assert (first.name, second.name) == ("linear", "median")
    assert first.mean_rmse == pytest.approx(0, abs=1e-5)
    assert first.mean_r2 == pytest.approx(1)
    assert len(second.rmse) == 8
    assert first.difference is None
    assert second.difference is not None
    assert second.difference.mean == pytest.approx(first.mean_rmse - second.mean_rmse)
    assert second.difference.high < 0


def test_a_procedure_never_sees_the_prices_that_it_is_judged_by() -> None:
    y = np.arange(12.0)

    def remembers(X: Scaled, known: Matrix, asked: Scaled) -> Matrix:
        return np.array([float(row in known) for row in asked[:, 0]])

    answers = predictions(remembers, y[:, None].astype(np.float32), y, repeated_folds(12, 3, 2, 1))
    assert all((answer == 0).all() for answer in answers)


def test_a_group_is_on_one_side_of_every_fold() -> None:
    groups = np.repeat(np.arange(6), [1, 2, 3, 4, 5, 6])
    folds = grouped_folds(groups, 3, 2, 1)
    assert len(folds) == 6
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
    assert sorted(np.concatenate([test for _, test in folds[:3]])) == list(range(21))


def test_fewer_groups_than_folds_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="make 2 groups of houses, fewer than the 3 folds"):
        grouped_folds(np.array([0, 0, 1]), 3, 1, 1)


def test_missing_values_of_the_linear_yardstick_are_the_training_rows_medians() -> None:
    X = np.array([[1.0], [2.0], [9.0]], dtype=np.float32)
    asked = np.array([[np.nan], [2.0]], dtype=np.float32)
    answers = linear(X, np.array([1.0, 2.0, 9.0]), asked)
    assert answers[0] == answers[1] == pytest.approx(2)
