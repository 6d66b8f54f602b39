"""How refused rows are kept and told."""

import pandas as pd

from steps.core.rejection import Fault, RejectedRowsError, quarantine

FRAME = pd.DataFrame({"house_id": [0, 11, 2, 3, 4, 5, 6], "RM": [6.0, 99.0, 7.0, 99.0, 99.0, 99.0, 99.0]})


def fault(row: int | None, value: str = "99", column: str = "RM") -> Fault:
    return Fault(row, column, value, "3 to 9")


def test_the_rejected_rows_are_kept_as_they_came_with_every_reason() -> None:
    kept = quarantine(FRAME, [fault(3), fault(1), fault(1, column="MEDV"), fault(None)])
    assert kept["row"].tolist() == [1, 3]
    assert kept["house_id"].tolist() == [11, 3]
    assert kept["reason_columns"].tolist() == ["RM MEDV", "RM"]
    assert kept["reason"].iloc[0] == "RM is 99; wanted 3 to 9 | MEDV is 99; wanted 3 to 9"


def test_the_message_gathers_the_rows_of_one_kind_of_fault() -> None:
    message = str(RejectedRowsError("the file", FRAME, [fault(row) for row in (1, 3, 4, 5, 6, 2)], kept="q.csv"))
    assert "6 of 7 rows of the file" in message
    assert "rows 1 (house_id 11), 3, 4, 5, 6 and 1 more: RM is 99; wanted 3 to 9" in message
    assert "q.csv" in message


def test_the_message_stays_short_when_there_are_many_kinds_of_fault() -> None:
    message = str(RejectedRowsError("the file", FRAME, [fault(1, value=str(value)) for value in range(100)]))
    assert len(message.splitlines()) == 13
    assert "and 90 more kinds" in message


def test_a_fault_of_the_whole_names_no_row() -> None:
    message = str(RejectedRowsError("the file", FRAME, [fault(None, column="the mean of RM")]))
    assert message.startswith("The contract refuses the file as a whole:\n  the mean of RM is 99")
