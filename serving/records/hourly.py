"""Files that lines are appended to, one write a line, so that a kill loses nothing of what was written."""

import os
import threading
import time
from pathlib import Path

ENDING = ".jsonl"
FEEDBACK = "feedback"  # the folder of true prices, in that of the profiles
HOUR_S = 3600


def hour_of(moment: float) -> str:
    """The UTC hour of a time in seconds since 1970, as it stands in file names: 2026-11-23T22."""
    return time.strftime("%Y-%m-%dT%H", time.gmtime(moment))


class HourlyFiles:
    """Append-only files of lines, a new one each hour, each of this process alone.

    A file is named `v<version>.<hour>.<process>.jsonl`.

    Args:
        folder: where the files go.
        version: the model version that serves.
        header: the first line of every file, with its end of line, or nothing.
    """

    def __init__(self, folder: Path, version: str, header: bytes = b"") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.version = version
        self._header = header
        self._lock = threading.Lock()
        self._hour = -1
        self._file = -1
        self._stem = ""
        self._size = 0
        self._torn = False

    def append(self, line: bytes, now: float) -> tuple[str, int]:
        """Where the line is: the file's name without its ending, and the position in bytes.

        Args:
            line: with its end of line.
            now: the time, in seconds since 1970.

        Raises:
            OSError: the disk takes no more; the line is not kept.
        """
        with self._lock:
            if int(now // HOUR_S) != self._hour:
                self._open(now)
            return self._stem, self._write(line)

    def close(self) -> None:
        """Close the open file; the next line opens another one."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file, self._hour = -1, -1

    def _open(self, now: float) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file, self._hour = -1, -1
        # A pid comes back some day, the pair does not; if it did, "exclusive" would refuse to share the file.
        stem = f"v{self.version}.{hour_of(now)}.{os.getpid():x}-{time.time_ns():x}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._file = os.open(self.folder / f"{stem}{ENDING}", flags, 0o644)
        self._stem, self._size, self._torn = stem, 0, False
        if self._header:
            self._write(self._header)
        self._hour = int(now // HOUR_S)

    def _write(self, line: bytes) -> int:
        """The position of the line: one write as a rule. One that a full disk cut off is ended before the next."""
        data = b"\n" + line if self._torn else line
        start = self._size + len(data) - len(line)
        self._torn = True
        while data:
            written = os.write(self._file, data)
            self._size += written
            data = data[written:]
        self._torn = False
        return start


def grown(folder: Path, sizes: dict[str, int]) -> list[tuple[Path, int]]:
    """The files of a folder that grew, and their sizes, by name; those of an hour that is over are looked at once.

    Args:
        sizes: the files' sizes by name when they were last dealt with: enter them when it is done.
    """
    if not folder.exists():
        return []
    over = hour_of(time.time() - 2 * HOUR_S)
    found = []
    for name in sorted(os.listdir(folder)):  # noqa: PTH208  # a tenth of the time for a year's files
        if name.endswith(ENDING) and not (name in sizes and name.split(".", 2)[1] < over):
            size = (folder / name).stat().st_size
            if sizes.get(name) != size:
                found.append((folder / name, size))
    return found


def sync_grown(folder: Path, sizes: dict[str, int]) -> int:
    """The number of files that were brought from the system's memory to the disk: those that grew since the last time.

    Args:
        sizes: the files' sizes at the last time, brought up to date here.
    """
    files = grown(folder, sizes)
    for path, _ in files:
        _sync(path)
    if any(path.name not in sizes for path, _ in files):
        _sync(folder)  # the new files' names
    sizes.update((path.name, size) for path, size in files)
    return len(files)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
