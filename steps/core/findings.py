"""What the results of a Great Expectations validation say, as faults of rows and of the data as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from serving.contract import FeatureSpec
from steps.core.fingerprint import HOUSE_ID
from steps.core.rejection import Fault

Result = Mapping[str, Any]


def faults(results: Iterable[Result], frame: pd.DataFrame, specs: Sequence[FeatureSpec]) -> list[Fault]:
    """The faults that the failed expectations name: first by row, then those of the distribution, which may follow.

    Args:
        results: the `results` of a validation with the result format COMPLETE, as dictionaries.
        frame: the data that were validated, rows by position.
        specs: the contract of the columns.
    """
    known = {spec.name: spec for spec in specs}
    found = {fault for result in results if not result["success"] for fault in _faults(result, frame, known)}
    return sorted(found, key=_rank)


def _rank(fault: Fault) -> tuple[int, int, str, str]:
    if fault.row is not None:
        return 1, fault.row, fault.column, fault.allowed
    return (2 if fault.column.startswith("the ") else 0), 0, fault.column, fault.allowed


def asked(kwargs: Mapping[str, Any]) -> str:
    """The limits of an expectation in words."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and high is not None:
        return f"{low:.4g} to {high:.4g}"
    if low is not None or high is not None:
        return f"{low:.4g} or more" if low is not None else f"{high:.4g} or less"
    values = kwargs.get("value_set") or kwargs.get("column_list") or [kwargs.get("type_", "")]
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)


def _faults(result: Result, frame: pd.DataFrame, known: Mapping[str, FeatureSpec]) -> list[Fault]:
    kind = result["expectation_config"]["type"]
    kwargs = result["expectation_config"]["kwargs"]
    if result["exception_info"].get("exception_message"):
        message = result["exception_info"]["exception_message"]
        return [Fault(None, str(kwargs.get("column", "the table")), f"not checkable ({message})", "to pass " + kind)]
    rows = result["result"].get("unexpected_index_list")
    if kind == "expect_compound_columns_to_be_unique":
        return _repeated(frame, rows)
    if kind == "expect_column_values_to_not_be_null":
        return _missing(frame, rows, known[kwargs["column"]])
    if rows:
        column = kwargs["column"]
        return [Fault(row, column, _value(frame[column].iloc[row]), _allowed(kind, kwargs, known)) for row in rows]
    return [_of_the_whole(kind, kwargs, result["result"].get("observed_value"))]


def _allowed(kind: str, kwargs: Mapping[str, Any], known: Mapping[str, FeatureSpec]) -> str:
    if kind == "expect_column_values_to_be_unique":
        return "a number that no other row has"
    spec = known.get(kwargs["column"])
    of_contract = spec is not None and (
        kwargs.get("max_value") is not None or "value_set" in kwargs or kind == "expect_column_values_to_be_whole"
    )
    return spec.allowed if spec is not None and of_contract else asked(kwargs)


def _repeated(frame: pd.DataFrame, rows: Sequence[int]) -> list[Fault]:
    columns = [name for name in frame.columns if name != HOUSE_ID]
    first = frame.groupby(columns, dropna=False)[HOUSE_ID].transform(lambda ids: ids.index[0])
    return [
        Fault(row, "every column", f"the same as in row {first.iloc[row]}", "rows that differ")
        for row in rows
        if row != first.iloc[row]
    ]


def _missing(frame: pd.DataFrame, rows: Sequence[int], spec: FeatureSpec) -> list[Fault]:
    if not spec.nullable:
        return [Fault(row, spec.name, "missing", spec.allowed) for row in rows]
    share = f"missing in {len(rows)} of {len(frame)} rows ({len(rows) / len(frame):.0%})"
    most = f"at most {spec.max_missing_share:.0%}"
    return [
        Fault(None, spec.name, share, most),
        *(Fault(row, spec.name, "missing", f"{most} of the column missing") for row in rows),
    ]


def _of_the_whole(kind: str, kwargs: Mapping[str, Any], observed: Any) -> Fault:
    names = {
        "expect_column_mean_to_be_between": "the mean of {column}",
        "expect_column_stdev_to_be_between": "the standard deviation of {column}",
        "expect_column_pair_correlation_to_be_between": "the correlation of {column_A} and {column_B}",
        "expect_table_row_count_to_be_between": "the number of rows",
        "expect_table_columns_to_match_ordered_list": "the list of columns",
        "expect_column_values_to_be_of_type": "the type of {column}",
    }
    came = f"{observed:.4g}" if isinstance(observed, float | int) else str(observed)
    return Fault(None, names.get(kind, kind).format(**kwargs), came, asked(kwargs))


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
