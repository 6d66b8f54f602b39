"""The rows that the contract refuses, and how they are told to a person."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from steps.core.errors import DataError
from steps.core.fingerprint import HOUSE_ID

SHOWN = 10  # kinds of fault in a message
LISTED = 5  # rows of each kind


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the data.

    Attributes:
        row: the position of the row in the data, from 0; None if the fault is no single row's.
        column: the column or columns, by name.
        value: what came, in words.
        allowed: what was wanted, in words.
    """

    row: int | None
    column: str
    value: str
    allowed: str

    @property
    def reason(self) -> str:
        """The fault in words, without its row."""
        return f"{self.column} is {self.value}; wanted {self.allowed}"


class RejectedRowsError(DataError):
    """Rows, or the data as a whole, that the contract refuses.

    Args:
        origin: where the data came from.
        frame: all the data that were looked at, rows by position.
        faults: what is wrong.
        kept: where the rejected rows were put, once they were.
    """

    def __init__(self, origin: str, frame: pd.DataFrame, faults: Sequence[Fault], kept: str | None = None) -> None:
        super().__init__(describe(origin, frame, faults, kept))
        self.origin = origin
        self.frame = frame
        self.faults = tuple(faults)


def quarantine(frame: pd.DataFrame, faults: Sequence[Fault]) -> pd.DataFrame:
    """The rejected rows as they came, with their positions and the columns `reason_columns` and `reason`."""
    by_row: dict[int, list[Fault]] = {}
    for fault in faults:
        if fault.row is not None:
            by_row.setdefault(fault.row, []).append(fault)
    rejected = frame.iloc[sorted(by_row)].copy()
    rejected.insert(0, "row", sorted(by_row))
    rejected["reason_columns"] = [" ".join(fault.column for fault in by_row[row]) for row in sorted(by_row)]
    rejected["reason"] = [" | ".join(fault.reason for fault in by_row[row]) for row in sorted(by_row)]
    return rejected


def describe(origin: str, frame: pd.DataFrame, faults: Sequence[Fault], kept: str | None) -> str:
    """The one message that a person gets: a line for each kind of fault, in the order of the faults."""
    rows = {fault.row for fault in faults if fault.row is not None}
    refused = f"{len(rows)} of {len(frame)} rows of {origin} (rows count from 0)" if rows else f"{origin} as a whole"
    by_reason: dict[str, list[int]] = {}
    for fault in faults:
        by_reason.setdefault(fault.reason, []).extend([] if fault.row is None else [fault.row])
    lines = [f"  {_place(frame, places)}{reason}" for reason, places in by_reason.items()]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"  … and {len(lines) - SHOWN} more kinds of fault"]
    ending = "Nothing was stored. Mend the source, or the contract in the feature repository, and run again."
    if kept:
        ending = f"The rejected rows, each with its reasons, are in {kept}. {ending}"
    return "\n".join([f"The contract refuses {refused}:", *lines, ending])


def _place(frame: pd.DataFrame, rows: Sequence[int]) -> str:
    if not rows:
        return ""
    if len(rows) == 1:
        return f"row {_row(frame, rows[0])}: "
    more = f" and {len(rows) - LISTED} more" if len(rows) > LISTED else ""
    return f"rows {', '.join(_row(frame, row) for row in rows[:LISTED])}{more}: "


def _row(frame: pd.DataFrame, row: int) -> str:
    if "line" in frame:
        return f"{row} (line {frame['line'].iloc[row]})"
    house = frame[HOUSE_ID].iloc[row] if HOUSE_ID in frame else row
    return f"{row}" if house == row else f"{row} ({HOUSE_ID} {house})"
