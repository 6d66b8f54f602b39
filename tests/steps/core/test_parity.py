"""The comparison of served prices with offline ones."""

import math

import numpy as np
import pytest

from steps.core.parity import Parity, compare

NAMES = ("MEDV", "MEDV_low")


def compared(expected: list[list[float]], answered: list[list[float]], tolerance: float) -> Parity:
    houses = list(range(7, 7 + len(expected)))
    return compare(houses, NAMES, np.array(expected), np.array(answered), tolerance)


def test_the_largest_difference_its_house_and_its_value_are_found() -> None:
    parity = compared([[20.0, 18], [21.0, 19], [22.0, 20]], [[20.0, 18], [20.75, 18.5], [22.25, 20]], 0.1)
    assert (parity.rows, parity.largest_difference) == (3, 0.5)
    assert (parity.worst_house, parity.worst_value, parity.holds) == (8, "MEDV_low", False)


def test_a_difference_of_the_tolerance_is_allowed() -> None:
    assert compared([[20.0, 18.0]], [[20.5, 18.0]], 0.5).holds


@pytest.mark.parametrize("answer", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_no_number_is_never_allowed(answer: float) -> None:
    parity = compared([[20.0, 18.0], [21.0, 19.0]], [[20.0, 18.0], [answer, 19.0]], 1e9)
    assert (parity.worst_house, parity.largest_difference, parity.holds) == (8, math.inf, False)


@pytest.mark.parametrize(("expected", "answered"), [([], []), ([[1.0, 1]], [[1.0, 1], [2.0, 1]])])
def test_lists_that_do_not_belong_together_are_refused(
    expected: list[list[float]], answered: list[list[float]]
) -> None:
    with pytest.raises(ValueError, match="expected answers"):
        compared(expected, answered, 0.1)
