"""The file that has all of what a command's libraries say, tracebacks too, while the screen has a line a step."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

KEPT = 50  # of the newest files
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
ONLY_OURS = 0o600  # an address with a password in it may be in a traceback


def new_log(folder: Path, name: str) -> logging.Handler:
    """The handler of a new file `NAME-TIME-PID.log`; the oldest files beyond the fifty newest are removed.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    path.touch(ONLY_OURS)
    for old in sorted(folder.glob("*.log"), key=_age)[KEPT:]:
        old.unlink(missing_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    return handler


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:  # another command has removed it
        return 0.0
