"""How the text of a CSV file becomes houses: pure decisions, no reading."""

import csv
import io
import math
import re
from collections.abc import Sequence

import pandas as pd

from steps.core.errors import DataError
from steps.core.fingerprint import HOUSE_ID
from steps.core.rejection import Fault, RejectedRowsError

MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", "?"})
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
NOT_TEXT = "It is no CSV file: {reason}. Give a comma-separated text file in UTF-8 with a header line."


def decode(data: bytes, origin: str) -> str:
    """The text of a file.

    Args:
        origin: where the bytes came from, for messages.

    Raises:
        DataError: the file is empty, or is no text.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        reason = f"byte {err.start} (0x{data[err.start]:02x}) is not UTF-8"
        raise DataError(f"{origin} cannot be read. {NOT_TEXT.format(reason=reason)}") from err
    if "\0" in text:
        reason = f"byte {text.index(chr(0))} is a NUL"
        raise DataError(f"{origin} cannot be read. {NOT_TEXT.format(reason=reason)}")
    if not text.strip():
        raise DataError(f"{origin} is empty. Wanted a header line and one line for each house.")
    return text


def parse(text: str, columns: Sequence[str], origin: str) -> pd.DataFrame:
    """The houses in a CSV text: `house_id` (int64) and the columns (float64) in the order that is asked for.

    Args:
        columns: the contract's columns, features then target. The file may have them in any order, and a `house_id`.
        origin: where the text came from, for messages.

    Raises:
        DataError: the header or the shape of a line is wrong.
        RejectedRowsError: cells that must be numbers are not.
    """
    header, lines = _lines(text, origin)
    _check_header(header, columns, origin)
    if not lines:
        raise DataError(f"{origin} has a header and no rows. Wanted one line for each house.")
    for number, cells in lines:
        if len(cells) != len(header):
            raise DataError(
                f"{origin}, line {number}: {len(cells)} cells under a header of {len(header)} columns. "
                "Mend the line; text with a comma must stand in double quotes."
            )
    raw = pd.DataFrame([cells for _, cells in lines], columns=header, dtype=object)
    return _numbers(raw, columns, [number for number, _ in lines], origin)


def arrange(frame: pd.DataFrame, columns: Sequence[str], origin: str) -> pd.DataFrame:
    """The frame of numbers as houses: `house_id` (counted from 0 unless it brings one), then the columns, float64.

    Raises:
        DataError: a column is missing, is there twice, or is not in the contract.
    """
    _check_header([str(name) for name in frame.columns], columns, origin)
    houses = frame[list(columns)].astype("float64").reset_index(drop=True)
    ids = frame[HOUSE_ID].to_numpy("int64") if HOUSE_ID in frame else range(len(frame))
    houses.insert(0, HOUSE_ID, pd.Series(ids, dtype="int64"))
    return houses


def _lines(text: str, origin: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))]
        return lines[0][1], lines[1:]
    except csv.Error as err:
        raise DataError(f"{origin}, line {reader.line_num}: {NOT_TEXT.format(reason=err)}") from err
    except IndexError as err:  # quotes around nothing
        raise DataError(f"{origin} has no header. Wanted a header line and one line for each house.") from err


def _check_header(header: list[str], columns: Sequence[str], origin: str) -> None:
    missing = [name for name in columns if name not in header]
    extra = [name for name in header if name not in columns and name != HOUSE_ID]
    twice = sorted({name for name in header if header.count(name) > 1})
    if not (missing or extra or twice):
        return
    faults = [
        f"{what} {', '.join(_short(name) for name in names)}"
        for what, names in (("missing:", missing), ("not in the contract:", extra), ("there twice:", twice))
        if names
    ]
    raise DataError(
        f"The columns of {origin} are wrong; {'; '.join(faults)}. Wanted {', '.join(columns)}, in any order, "
        f"comma-separated, and {HOUSE_ID} if you have one. Mend the file, or define the column in "
        "the feature repository."
    )


def _numbers(raw: pd.DataFrame, columns: Sequence[str], numbers: list[int], origin: str) -> pd.DataFrame:
    faults = []
    values: dict[str, list[float]] = {}
    for name in raw.columns:
        cells = [_number(cell) for cell in raw[name]]
        values[name] = [math.nan if cell is None else cell for cell in cells]
        wanted = "a whole number from 0, never missing" if name == HOUSE_ID else "a number, or empty where missing"
        for row, cell in enumerate(cells):
            if cell is None or (name == HOUSE_ID and not _is_id(cell)):
                faults.append(Fault(row, name, _short(raw[name].iloc[row]), wanted))
    if faults:
        rejected = raw.assign(line=numbers)
        raise RejectedRowsError(origin, rejected, sorted(faults, key=lambda fault: fault.row or 0))
    return arrange(pd.DataFrame(values), columns, origin)


def _number(cell: str) -> float | None:
    """The value of a cell, NaN where it is missing, or None: it is no finite number."""
    if cell.lower() in MISSING:
        return math.nan
    value = float(cell) if NUMBER.fullmatch(cell) else math.inf
    return value if math.isfinite(value) else None


def _is_id(value: float) -> bool:
    return value >= 0 and value == value // 1 and value < 2**53


def _short(value: object, length: int = 40) -> str:
    text = repr(str(value))
    return text if len(text) <= length else f"{text[:length]}…'"
