"""A sliding window in a file that processes share."""

import errno
import fcntl
import mmap
import os
import time
from array import array
from pathlib import Path

WINDOW_S = 60
WINDOW_NS = WINDOW_S * 10**9
CAPACITY, POSITION, FIRST = 0, 1, 2  # the file's cells of 8 bytes: two of its own, then the times
SMALLEST = 510  # with the first two cells one page of memory
CELL = 8


class Window:
    """The times of the last admissions of one key, as a ring: the oldest is overwritten by the newest.

    The times are those of the clock that all processes of a machine share, in nanoseconds since it started. A process
    that is killed between the two stores of an admission leaves a place without its time: that may cost the key one
    call of this window and gives it none, and the kernel frees the lock. Whatever the file holds, no time in it counts
    for more than a window, and a time that is still to come (of an earlier start of the machine) counts for nothing.

    Args:
        path: the file; it is made if need be. Its threads must take turns; other processes may have it open.

    Raises:
        OSError: the file cannot be opened; `admit` raises it too, where the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._memory: mmap.mmap | None = None
        self._cells = memoryview(bytes(FIRST * CELL)).cast("q")
        self._capacity = 0

    def admit(self, limit: int) -> float:
        """0 if one more call is within the limit, and then it is counted; else the seconds until one is.

        Args:
            limit: calls a window; another one than before holds from this call on.
        """
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if limit > self._capacity or self._cells[CAPACITY] != self._capacity:
                self._fit(limit)
            cells, capacity = self._cells, self._capacity
            position = cells[POSITION] % capacity
            now = time.monotonic_ns()
            before = cells[FIRST + (position - limit) % capacity]
            if before and 0 < before + WINDOW_NS - now <= WINDOW_NS:
                return (before + WINDOW_NS - now) / 1e9
            cells[POSITION] = (position + 1) % capacity  # first: see the class on kills
            cells[FIRST + position] = now
            return 0.0
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _fit(self, limit: int) -> None:
        """Map the file as it is now, after it was made larger if it holds fewer times than the limit."""
        size = os.fstat(self._file).st_size
        self._map(max(size, FIRST * CELL))
        held = self._cells[CAPACITY]
        if not SMALLEST <= held <= size // CELL - FIRST:  # a new file, or one that is not ours
            held = self._cells[CAPACITY] = self._cells[POSITION] = 0
        wanted = held or SMALLEST
        while wanted < limit:
            wanted *= 2
        if wanted > held:
            self._map((FIRST + wanted) * CELL)
            self._widen(held, wanted)
        self._capacity = wanted

    def _map(self, size: int) -> None:
        """Map at least so many bytes; they are written first: a page that a full disk lacks would end the process."""
        there = os.fstat(self._file).st_size
        if there < size and os.pwrite(self._file, bytes(size - there), there) < size - there:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._unmap()
        self._memory = mmap.mmap(self._file, max(size, there) // CELL * CELL)
        self._cells = memoryview(self._memory).cast("q")

    def _widen(self, held: int, wanted: int) -> None:
        """Put empty cells before the oldest time: the times behind the position move to the new end."""
        cells = self._cells
        position = cells[POSITION] % held if held else 0
        moved = held - position
        cells[FIRST + held : FIRST + wanted - moved] = _zeros(wanted - moved - held)
        cells[FIRST + wanted - moved : FIRST + wanted] = cells[FIRST + position : FIRST + held]
        cells[CAPACITY] = wanted
        cells[FIRST + position : FIRST + held] = _zeros(moved)

    def _unmap(self) -> None:
        self._capacity = 0
        self._cells.release()
        if self._memory is not None:
            self._memory.close()

    def close(self) -> None:
        """Let the file go; it stays for the other processes."""
        self._unmap()
        os.close(self._file)


def _zeros(count: int) -> memoryview:
    return memoryview(array("q", bytes(count * CELL)))
