"""Where rejected rows are kept."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from serving.files import replace_file
from steps.core.fingerprint import HOUSE_ID
from steps.core.rejection import RejectedRowsError, quarantine


def keep_rejected(folder: Path, error: RejectedRowsError) -> RejectedRowsError:
    """The error with the place of its rejected rows, which are written there as CSV; itself if it names no row."""
    rejected = quarantine(error.frame, error.faults)
    if rejected.empty:
        return error
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z.csv"
    replace_file(path, lambda unfinished: _write(rejected, unfinished))
    return RejectedRowsError(error.origin, error.frame, error.faults, kept=str(path))


def _write(rejected: pd.DataFrame, path: Path) -> None:
    first = [name for name in ("row", "line", HOUSE_ID) if name in rejected]
    rejected[[*first, *(name for name in rejected if name not in first)]].to_csv(path, index=False)
