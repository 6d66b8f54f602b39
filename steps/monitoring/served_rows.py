"""A sample of the rows that were served in a window, from the receipts on this machine."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from serving.client import tenant_of
from serving.records.hourly import ENDING
from serving.records.receipts import Header
from steps.core.root_cause import CLIENT, TENANT

MOST_BYTES = 32_000_000  # read of all files together; of more, evenly spaced pieces
PIECE = 250_000


class _Line(msgspec.Struct):
    """What is taken of a line of the spool, `serving.records.receipts.Served`."""

    rows: list[list[float | None]]
    client: str = ""
    probe: bool = False


def served_rows(spool: Path, version: str, hours: Sequence[str], most_rows: int, seed: int) -> pd.DataFrame:
    """The raw features of a random sample of the rows, with `client` and `tenant`; tests of the service are left out.

    Args:
        hours: of the window, as in the names of the files.
        most_rows: how many rows at most.
    """
    files = [path for hour in hours for path in sorted(spool.glob(f"v{version}.{hour}.*{ENDING}"))]
    total = sum(path.stat().st_size for path in files)
    share = min(1.0, MOST_BYTES / total) if total else 1.0
    frames = [frame for path in files if (frame := _frame(path, share)) is not None]
    if not frames:
        return pd.DataFrame(columns=[CLIENT, TENANT])
    rows = pd.concat(frames, ignore_index=True)
    return rows.sample(min(most_rows, len(rows)), random_state=seed).reset_index(drop=True)


def _frame(path: Path, share: float) -> pd.DataFrame | None:
    """The rows of a file, or None: there are none."""
    with path.open("rb") as file:
        try:
            header = msgspec.json.decode(file.readline(), type=Header)
        except msgspec.DecodeError:  # the worker was stopped in its first write
            return None
    rows: list[list[float | None]] = []
    callers: list[str] = []
    for line in _lines(path, share):
        if not line.probe:
            whole = [row for row in line.rows if len(row) == len(header.columns)]
            rows += whole
            callers += [line.client] * len(whole)
    if not rows:
        return None
    frame = pd.DataFrame(np.array(rows, dtype=np.float64), columns=list(header.columns))
    return frame.assign(**{CLIENT: callers, TENANT: [tenant_of(label) for label in callers]})


def _lines(path: Path, share: float) -> Iterator[_Line]:
    decode = msgspec.json.Decoder(_Line).decode
    size = path.stat().st_size
    with path.open("rb") as file:
        file.readline()
        step = int(PIECE / share)
        for start in range(file.tell(), size, step):
            if share < 1:
                file.seek(start)
            if start > 0 and share < 1:
                file.readline()  # most likely the rest of a line
            for text in file.readlines(PIECE if share < 1 else -1):
                try:
                    yield decode(text)
                except msgspec.DecodeError:  # torn by a kill, or still being written
                    continue
            if share == 1:
                return
