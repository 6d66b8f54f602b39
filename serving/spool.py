"""Served rows on disk: one write a request, appended to a file of the worker's own, so that a kill loses nothing."""

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

ENDING = ".jsonl"


def hour_of(moment: float) -> str:
    """The UTC hour of a time in seconds since 1970, as it stands in file names: 2026-11-23T22."""
    return time.strftime("%Y-%m-%dT%H", time.gmtime(moment))


class Spool:
    """Append-only files of JSON lines, one for each worker process, model version and hour.

    The first line says what the columns are; each further line is one request: its time and its rows.

    Args:
        folder: where the files go.
        version: the model version that serves.
        columns: names of the values of a row.
    """

    def __init__(self, folder: Path, version: str, columns: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.version = version
        self.columns = tuple(columns)
        self._worker = f"{os.getpid()}-{time.time_ns()}"  # a pid comes back some day, the pair does not
        self._lock = threading.Lock()
        self._hour = ""
        self._file = -1
        self._torn = False

    def append(self, rows: Sequence[Sequence[float | None]], probe: bool = False) -> None:
        """Write the rows of one request; missing values (None or NaN) are written as null.

        Raises:
            OSError: the disk takes no more; the rows of this request are not kept.
        """
        now = time.time()
        line: dict[str, Any] = {"t": round(now, 3), "rows": rows}
        if probe:
            line["probe"] = True
        data = msgspec.json.encode(line) + b"\n"
        with self._lock:
            self._open(hour_of(now))
            self._write(data)

    def _open(self, hour: str) -> None:
        if hour == self._hour:
            return
        if self._file >= 0:
            os.close(self._file)
        path = self.folder / f"v{self.version}.{hour}.{self._worker}{ENDING}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._hour = hour
        self._write(msgspec.json.encode({"version": self.version, "columns": self.columns}) + b"\n")

    def close(self) -> None:
        """Close the open file."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file, self._hour = -1, ""

    def _write(self, data: bytes) -> None:
        """One write as a rule. A line that a full disk cut off is ended before the next one starts."""
        if self._torn:
            data = b"\n" + data
        self._torn = True
        while data:
            data = data[os.write(self._file, data) :]
        self._torn = False
