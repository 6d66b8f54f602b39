"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, write: Callable[[Path], object], mode: int = 0o644) -> None:
    """Have `write` fill a temporary file beside the path, which then takes the path's name and the mode at once.

    The folder is made if need be; a crash leaves the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        write(unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.chmod(mode)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put the data under the name at once."""
    replace_file(path, lambda unfinished: unfinished.write_bytes(data), mode)


def signature(path: Path) -> tuple[int, ...] | None:
    """What changes when the file is replaced or written; None if it cannot be asked."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size
