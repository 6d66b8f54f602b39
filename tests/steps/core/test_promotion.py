"""The gate's decisions."""

import math

import numpy as np
import pytest

from steps.core.errors import GateError
from steps.core.promotion import RECORDED, UNSEEN, Comparison, Incumbent, check_floors, compare, is_same, judge
from tests.training import promotion, result

SERVING = Incumbent(
    version="3",
    model_digest="ab" * 32,
    data_fingerprint="data",
    intervals_digest="ef" * 32,
    features=tuple(f"F{i}" for i in range(13)),
    cv_rmse=3.0,
)


def compared(challenger: float, champion: float) -> Comparison:
    return Comparison(basis=UNSEEN, rows=40, challenger_rmse=challenger, champion_rmse=champion)


def test_the_issues_floors_are_configured() -> None:
    assert (promotion().maximum_test_rmse, promotion().minimum_test_r2) == (5.0, 0.7)


@pytest.mark.parametrize(("rmse", "r2"), [(4.99, 0.71), (0.0, 1.0)])
def test_what_reaches_the_floors_passes(rmse: float, r2: float) -> None:
    check_floors("quick", {"test_rmse": rmse, "test_r2": r2}, promotion())


@pytest.mark.parametrize(
    ("rmse", "r2", "says"),
    [
        (5.0, 0.9, "test RMSE is 5.000, wanted below 5"),
        (2.0, 0.7, "test R² is 0.700, wanted above 0.7"),
        (6.0, 0.1, "test RMSE is 6.000, wanted below 5; test R² is 0.100"),
        (math.nan, 0.9, "test RMSE is nan"),
        (2.0, math.nan, "test R² is nan"),
    ],
)
def test_what_misses_a_floor_may_not_serve(rmse: float, r2: float, says: str) -> None:
    with pytest.raises(GateError, match=says):
        check_floors("quick", {"test_rmse": rmse, "test_r2": r2}, promotion())


def test_a_better_model_and_one_within_the_tolerance_take_the_place() -> None:
    for challenger in (2.0, 3.25):
        verdict = judge(result(), SERVING, compared(challenger, 3.0), promotion(tolerance=0.25))
        assert (verdict.outcome, verdict.champion_version) == ("promote", "3")


@pytest.mark.parametrize("challenger", [3.26, math.nan])
def test_a_worse_model_may_not_and_the_message_has_both_errors(challenger: float) -> None:
    with pytest.raises(GateError, match=r"RMSE .* against 3.000 of version 3 .*Version 3 goes on serving"):
        judge(result(), SERVING, compared(challenger, 3.0), promotion(tolerance=0.25))


def test_both_models_are_compared_on_the_same_rows() -> None:
    truth = np.array([1.0, 2.0])
    found = compare(truth, np.float32([1, 2]), np.float32([2, 3]), (9.0, 9.0), minimum_rows=2)
    assert found == Comparison(basis=UNSEEN, rows=2, challenger_rmse=0.0, champion_rmse=1.0)


def test_too_few_fair_rows_leave_the_recorded_errors() -> None:
    found = compare(np.array([1.0]), np.float32([1]), np.float32([2]), (3.1, 3.2), minimum_rows=2)
    assert found == Comparison(basis=RECORDED, rows=0, challenger_rmse=3.1, champion_rmse=3.2)


def test_a_model_is_the_same_only_with_the_same_bytes_data_and_features() -> None:
    assert is_same(result(), "data", "ef" * 32, SERVING)
    assert not is_same(result(), "other data", "ef" * 32, SERVING)
    assert not is_same(result(features=10), "data", "ef" * 32, SERVING)
    assert not is_same(result().model_copy(update={"model_digest": "cd"}), "data", "ef" * 32, SERVING)
    assert not is_same(result(), "data", "other intervals", SERVING)
