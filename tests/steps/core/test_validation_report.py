"""The page on a validation."""

from typing import Any

from steps.core.validation_report import render


def result(success: bool, kind: str, observed: object = None, **kwargs: object) -> dict[str, Any]:
    outcome = {} if observed is None else {"observed_value": observed}
    return {
        "success": success,
        "expectation_config": {"type": kind, "kwargs": kwargs},
        "result": outcome or {"unexpected_count": 2, "element_count": 7},
    }


def test_failed_expectations_come_first_with_what_was_wanted_and_observed() -> None:
    page = render(
        [
            result(True, "expect_column_mean_to_be_between", 6.2846, column="RM", min_value=5.5, max_value=6.5),
            result(False, "expect_column_values_to_not_be_null", column="LSTAT", mostly=0.94),
            result(True, "expect_column_values_to_not_be_null", column="MEDV"),
            result(True, "expect_table_columns_to_match_ordered_list", ["A", "B"], column_list=["A", "B"]),
            result(True, "expect_pair", 0.7, column_A="RM", column_B="MEDV", min_value=0.5, max_value=0.9),
        ],
        {"houses": 7},
    )
    assert "4 of 5 expectations hold" in page
    assert page.index("values to not be null") < page.index("mean to be between")
    for said in (
        "in at least 94% of the rows",
        "in every row",
        "2 of 7 refused",
        "5.5 to 6.5",
        "6.285",
        "A, B",
        "RM and MEDV",
    ):
        assert said in page


def test_what_the_data_say_is_no_markup_and_nothing_is_fetched_from_elsewhere() -> None:
    page = render([result(False, "expect_x", "<script>alert(1)</script>", column="<b>")], {"source": "<i>"})
    assert "<script" not in page
    assert "<b>" not in page
    assert "://" not in page
