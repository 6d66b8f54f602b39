"""Tests that may be looked at all the time: what they promise, by simulation, and what they see."""

import numpy as np
import pytest

from serving.rollouts.sequential import MeanInterval, Wealth, clipped, loss_difference, share_test

RUNS, STEPS = 300, 400
# Three binomial standard deviations above the nominal level, so that chance fails the test once in a thousand seeds.
ALPHA = 0.05
MOST_WRONG = ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


def ever_rejected(test: Wealth, values: np.ndarray, alpha: float) -> bool:
    for value in values.tolist():
        test.add(value)
        if test.e_value >= 1 / alpha:
            return True
    return False


def test_events_as_often_as_allowed_are_rejected_no_more_often_than_alpha_at_any_time() -> None:
    draw = np.random.default_rng(1)
    wrong = sum(ever_rejected(share_test(0.1), draw.random(STEPS) < 0.1, ALPHA) for _ in range(RUNS))
    assert wrong / RUNS <= MOST_WRONG


@pytest.mark.parametrize("tail", ["heavy", "skewed"])
def test_a_mean_of_nothing_is_rejected_no_more_often_than_alpha_at_any_time(tail: str) -> None:
    draw = np.random.default_rng(2)

    def sample() -> np.ndarray:
        if tail == "heavy":
            return np.clip(draw.standard_t(1.5, STEPS), -5, 5)  # symmetric: its clipped mean is 0
        return np.where(draw.random(STEPS) < 0.02, 4.9, -0.1)  # of mean 0: one large gain for many small losses

    wrong = sum(ever_rejected(Wealth(0.0, -5.0), sample(), ALPHA) for _ in range(RUNS))
    assert wrong / RUNS <= MOST_WRONG


def test_the_interval_holds_the_mean_at_all_times_at_once() -> None:
    draw, missed = np.random.default_rng(3), 0
    for _ in range(RUNS):
        interval = MeanInterval(5.0, ALPHA)
        for value in np.clip(draw.normal(0.4, 1.5, STEPS), -5, 5).tolist():
            interval.add(value)
            if not interval.ends[0] <= 0.4 <= interval.ends[1]:
                missed += 1
                break
    assert missed / RUNS <= MOST_WRONG


def test_the_interval_closes_in_on_the_mean() -> None:
    interval = MeanInterval(5.0, ALPHA)
    assert interval.ends == (-5.0, 5.0)
    for value in np.random.default_rng(4).normal(1.0, 1.0, 2000).tolist():
        interval.add(clipped(value, 5.0))
    low, high = interval.ends
    assert low < 1.0 < high
    assert high - low < 0.5


def test_what_goes_wrong_late_is_found_soon() -> None:
    test = share_test(0.001)
    for _ in range(2000):
        test.add(0.0)
    faults = 0
    while test.e_value < 1000:
        test.add(1.0)
        faults += 1
    assert faults <= 6


def test_two_faults_at_the_start_are_enough() -> None:
    test = share_test(0.001)
    test.add(1.0)
    assert test.e_value < 1000
    test.add(1.0)
    assert test.e_value >= 1000


def test_wealth_does_not_overflow() -> None:
    test = share_test(0.001)
    for _ in range(1000):
        test.add(1.0)
    assert np.isfinite(test.e_value)


@pytest.mark.parametrize(
    ("truth", "champion", "challenger", "gain"), [(20, 22, 21, 1), (20, 21, 22, -1), (20, 40, 20, 5), (20, 20, 40, -5)]
)
def test_a_difference_of_errors_is_above_nothing_where_the_challenger_is_nearer_and_clipped(
    truth: float, champion: float, challenger: float, gain: float
) -> None:
    assert loss_difference(truth, champion, challenger, 5.0) == gain
