"""Which experiment wins."""

from steps.core.selection import choose, reason
from tests.training import result


def test_the_smallest_cross_validated_error_wins_whatever_the_test_rows_say() -> None:
    results = [result("a", cv_rmse=3.0, test_rmse=2.0), result("b", cv_rmse=2.9, test_rmse=4.9)]
    assert choose(results) == 1


def test_of_equal_ones_the_one_with_fewer_features_wins() -> None:
    assert choose([result("a", features=13), result("b", features=10)]) == 1


def test_the_reason_gives_the_distance_to_the_second() -> None:
    results = [result("a", cv_rmse=3.5), result("b", cv_rmse=3.25), result("c", cv_rmse=4.0)]
    assert reason(results, 1).startswith("b has the smallest cross-validated RMSE, 3.250: 0.250 below a.")
    assert reason(results[:1], 0) == "a is the only experiment."
