"""When a challenger is rolled back or may take the champion's place."""

import msgspec
import numpy as np
import pytest

from serving.rollouts.rules import Judge, Rules, Verdict
from tests.rollouts import rules


@pytest.fixture
def judge() -> Judge:
    return Judge(rules())


def healthy(judge: Judge, houses: int = 300) -> None:
    for _ in range(houses):
        judge.request("", 0.1, 0.1)
        judge.house(20.0, 20.5, 4.0)


def test_a_healthy_challenger_goes_on(judge: Judge) -> None:
    healthy(judge)
    assert judge.verdict() == Verdict("go on")


def test_a_challenger_that_cannot_be_loaded_is_rolled_back_at_once(judge: Judge) -> None:
    judge.not_loaded("no such file")
    assert (judge.verdict().action, judge.verdict().test) == ("roll back", "load")
    assert "no such file" in judge.verdict().reason


def test_a_single_fault_is_no_reason_and_two_in_a_row_are(judge: Judge) -> None:
    judge.request("boom", 0.1, 0.0)
    assert judge.verdict().action == "go on"
    judge.request("boom", 0.1, 0.0)
    verdict = judge.verdict()
    assert (verdict.action, verdict.test) == ("roll back", "faults")
    assert "2 of 2 requests" in verdict.reason


def test_prices_outside_of_the_champions_intervals_are_a_reason_before_any_truth(judge: Judge) -> None:
    for _ in range(12):
        judge.request("", 0.1, 0.1)
        judge.house(20.0, 40.0, 4.0)
    assert (judge.verdict().action, judge.verdict().test) == ("roll back", "drift")
    assert judge.figures.far == 12


def test_pauses_are_no_reason_and_steady_slowness_is(judge: Judge) -> None:
    for number in range(100):
        judge.request("", 0.1, 50.0 if number % 10 == 0 else 0.1)
    assert judge.verdict().action == "go on"
    for _ in range(60):
        judge.request("", 1.0, 50.0)
    assert (judge.verdict().action, judge.verdict().test) == ("roll back", "latency")


def test_a_slow_challenger_below_the_floor_goes_on(judge: Judge) -> None:
    for _ in range(200):
        judge.request("", 0.1, 1.9)
    assert judge.verdict().action == "go on"


def test_true_prices_roll_a_worse_one_back_and_promote_a_better_one() -> None:
    draw = np.random.default_rng(5)
    for sign, wanted in ((-1.0, ("roll back", "worse")), (1.0, ("promote", "better"))):
        judge = Judge(rules())
        for truth in draw.normal(20, 5, 300).tolist():
            near, far = truth + draw.normal(0, 1), truth + draw.normal(0, 3)
            judge.truth(truth, *((far, near) if sign > 0 else (near, far)))
        assert (judge.verdict().action, judge.verdict().test) == wanted
        figures = judge.figures
        assert figures.gain is not None
        assert figures.gain_low < figures.gain < figures.gain_high
        assert figures.gain * sign > 0


def test_a_better_one_is_not_promoted_on_few_truths() -> None:
    judge = Judge(rules())
    for _ in range(49):
        judge.truth(20.0, 24.0, 20.0)
    assert judge.verdict().action == "go on"
    judge.truth(20.0, 24.0, 20.0)
    assert judge.verdict().action == "promote"


def test_what_true_prices_have_shown_outweighs_that_the_two_are_far_apart() -> None:
    judge = Judge(rules())
    for _ in range(60):
        judge.truth(20.0, 24.0, 20.0)
    for _ in range(60):
        judge.house(24.0, 12.0, 4.0)
        judge.truth(20.0, 21.0, 21.0)
    assert judge.verdict().action == "promote"


def test_the_levels_that_roll_back_add_up_to_less_than_a_hundredth() -> None:
    found = rules()
    assert found.fault_alpha + found.drift_alpha + found.latency_alpha + found.worse_alpha < 0.01


@pytest.mark.parametrize("field", ["fault_share", "drift_alpha", "loss_bound", "fewest_truths"])
def test_rules_out_of_their_range_are_refused(field: str) -> None:
    given = msgspec.to_builtins(rules()) | {field: 0}
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(given, Rules)
