"""What was refused at the door: one JSON line a call, in a file for each UTC day, and never a key in it."""

import contextlib
import logging
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from serving.client import Client
from serving.errors import ServingError

logger = logging.getLogger(__name__)

PREFIX = "refused-"
LINES_A_SECOND = 20
MOST_BYTES_A_DAY = 32 * 2**20
LONGEST_TEXT = 120


class Audit:
    """Append-only files that all workers write to, bounded whatever comes.

    A process writes 20 lines a second at most, and none while the day's file is over 32 MB. The calls beyond are
    counted by status, and the counts are written as one line within a second; a kill loses the counts of that second.

    Args:
        folder: where the files go.
        days: how many days they are kept.
    """

    def __init__(self, folder: Path, days: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.days = days
        self._lock = threading.Lock()
        self._day = ""
        self._file = -1
        self._second = 0
        self._lines = 0
        self._untold: dict[str, int] = {}
        self._torn = False

    def record(self, error: ServingError, client: Client | None, path: str, address: str) -> None:
        """Write down a refused call; a disk that takes no more is told to the log and nothing else."""
        now = time.time()
        try:
            with self._lock:
                self._open(now)
                if self._has_room(now):
                    self._write(_line(now, error, client, path, address))
                else:
                    self._leave_out(str(error.status))
        except OSError:
            logger.exception("A refused call was not written down in %s", self.folder)

    def close(self) -> None:
        """Write the counts of what was left out, and close the file."""
        with self._lock:
            self._tell()
            if self._file >= 0:
                os.close(self._file)
            self._file, self._day = -1, ""

    def _has_room(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._lines = int(now), 0
        self._lines += 1
        return self._lines <= LINES_A_SECOND and os.fstat(self._file).st_size < MOST_BYTES_A_DAY

    def _leave_out(self, status: str) -> None:
        if not self._untold:
            timer = threading.Timer(1.0, self._tell_later)
            timer.daemon = True
            timer.start()
        self._untold[status] = self._untold.get(status, 0) + 1

    def _tell_later(self) -> None:
        try:
            with self._lock:
                self._open(time.time())
                self._tell()
        except OSError:
            logger.exception("Refused calls were not written down in %s", self.folder)

    def _tell(self) -> None:
        if self._untold:
            counts, self._untold = self._untold, {}
            self._write({"time": _moment(time.time()), "left_out": counts})

    def _open(self, now: float) -> None:
        day = _moment(now)[:10]
        if day == self._day:
            return
        path = self.folder / f"{PREFIX}{day}.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._day = file, day
        self._remove_old(now)

    def _remove_old(self, now: float) -> None:
        oldest = (datetime.fromtimestamp(now, UTC) - timedelta(days=self.days)).date().isoformat()
        for path in self.folder.glob(f"{PREFIX}*.jsonl"):
            if path.stem.removeprefix(PREFIX) < oldest:
                with contextlib.suppress(FileNotFoundError):  # another worker was first
                    path.unlink()

    def _write(self, line: dict[str, object]) -> None:
        """One write. A line that a full disk cut off is ended before the next one starts."""
        data = b"\n" * self._torn + msgspec.json.encode(line) + b"\n"
        self._torn = os.write(self._file, data) < len(data)


def _line(now: float, error: ServingError, client: Client | None, path: str, address: str) -> dict[str, object]:
    return {
        "time": _moment(now),
        "status": error.status,
        "reason": error.reason,
        "fault": getattr(error, "fault", None),
        "path": _short(path),
        "client": client.label if client else None,
        "key_id": client.key_id if client else None,
        "address": _short(address),
    }


def _short(text: str) -> str:
    """Text from a request, bounded and encodable."""
    return text[:LONGEST_TEXT].encode(errors="backslashreplace").decode()


def _moment(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
