"""The comparison of served prices with offline ones."""

import math

import pytest

from steps.core.parity import compare


def test_the_largest_difference_and_its_house_are_found() -> None:
    parity = compare([7, 8, 9], [20.0, 21.0, 22.0], [20.0, 20.5, 22.25], 0.1)
    assert (parity.rows, parity.largest_difference, parity.worst_house, parity.holds) == (3, 0.5, 8, False)


def test_a_difference_of_the_tolerance_is_allowed() -> None:
    assert compare([1], [20.0], [20.5], 0.5).holds


@pytest.mark.parametrize("answer", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_no_number_is_never_allowed(answer: float) -> None:
    parity = compare([1, 2], [20.0, 21.0], [20.0, answer], 1e9)
    assert (parity.worst_house, parity.largest_difference, parity.holds) == (2, math.inf, False)


@pytest.mark.parametrize(("expected", "answered"), [([], []), ([1.0], [1.0, 2.0]), ([1.0, 2.0], [1.0])])
def test_lists_that_do_not_belong_together_are_refused(expected: list[float], answered: list[float]) -> None:
    with pytest.raises(ValueError, match="expected prices"):
        compare([1] * len(expected), expected, answered, 0.1)
