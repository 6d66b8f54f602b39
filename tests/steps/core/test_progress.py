"""How far long work is, in words."""

from steps.core.progress import Progress


def test_the_rate_counts_from_where_this_run_began_and_says_what_is_left() -> None:
    assert Progress("houses", "rows", 300, 1000, 100, 2.0).line == "houses: 300 of 1,000 rows (30%), 100/s, 7 s left"


def test_slow_work_keeps_two_figures_of_its_rate() -> None:
    assert Progress("search", "fits", 3, 4, 0, 40.0).line == "search: 3 of 4 fits (75%), 0.075/s, 13 s left"


def test_what_is_done_or_has_not_begun_has_no_time_left() -> None:
    assert Progress("houses", "rows", 4, 4, 0, 2.0).line == "houses: 4 of 4 rows (100%), 2/s"
    assert Progress("houses", "rows", 0, 0, 0, 0.0).line == "houses: 0 of 0 rows, 0/s"
