"""Tables of commands."""

from serving.aligned import aligned


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_end_under_one_another() -> None:
    table = aligned(("name", "rows"), [("house_features", "506"), ("x", "12000")], right={"rows"})
    assert table.splitlines() == ["name             rows", "house_features    506", "x               12000"]


def test_no_line_ends_in_blanks() -> None:
    assert aligned(("name", "remark"), [("a", "")]).splitlines() == ["name  remark", "a"]
