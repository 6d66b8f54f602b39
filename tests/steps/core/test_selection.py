"""Which experiment wins, and how it is shown."""

from steps.core.selection import choose, comparison, reason
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


def test_the_page_shows_every_experiment_and_marks_the_champion() -> None:
    page = comparison([result("a"), result("b", cv_rmse=2.9, search_rmse=2.7)], 1)
    assert "<tr class=champion><td>b</td><td>13</td><td>2.900</td>" in page
    assert "<tr><td>a</td>" in page
    assert "max_depth = 3, learning_rate = 0.1235" in page


def test_the_page_escapes_what_it_is_given() -> None:
    assert "<script>" not in comparison([result("<script>")], 0)
