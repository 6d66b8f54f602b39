"""What is removed from disk, and when: receipts by age and size, feedback and profiles by age."""

import contextlib
import logging
import time
from pathlib import Path

from serving.records.hourly import ENDING, HOUR_S, hour_of
from serving.records.profile_store import PROFILE_ENDING
from serving.records.profiles import unread_bytes

logger = logging.getLogger(__name__)
DAY_S = 86_400


def remove_old(spool: Path, profiles: Path, feedback: Path, days: float, most_bytes: float) -> list[Path]:
    """The files that were removed, the oldest first.

    A spool file stays while a line of it is not in its profile yet, and while its hour is not over: a worker may still
    write to it.

    Args:
        days: how old a file of receipts or feedback may become.
        most_bytes: the size of all receipts together.
    """
    now = time.time()
    closed, too_old = hour_of(now - HOUR_S), hour_of(now - days * DAY_S)
    files = sorted(spool.glob(f"*{ENDING}"), key=hour)
    size = sum(path.stat().st_size for path in files)
    removed = []
    for path in files:
        if not (hour(path) < too_old or size > most_bytes):
            break  # all others are younger
        if hour(path) < closed and not unread_bytes(path, profiles):
            size -= path.stat().st_size
            removed.append(path)
    removed += [path for path in sorted(feedback.glob(f"*{ENDING}"), key=hour) if hour(path) < too_old]
    for path in removed:
        path.unlink(missing_ok=True)
        logger.info("Removed %s: receipts and feedback are kept for %g days, %.0f MB", path, days, most_bytes / 1e6)
    if size > most_bytes:
        logger.warning("Receipts take %.0f MB, more than HPP_RECEIPTS_MAX_MB; none can be removed yet", size / 1e6)
    return removed


def remove_old_profiles(spool: Path, profiles: Path, days: float) -> list[Path]:
    """The profiles that were removed.

    A profile stays as long as its spool file, of which it would be made again.

    Args:
        days: how old a profile may become.
    """
    too_old = hour_of(time.time() - days * DAY_S)
    removed = []
    for folder in sorted(path for path in profiles.glob("v*/*") if path.name < too_old):
        for path in sorted(folder.glob(f"*{PROFILE_ENDING}")):
            if not (spool / f"{folder.parent.name}.{folder.name}.{path.stem}{ENDING}").exists():
                path.unlink(missing_ok=True)
                removed.append(path)
        with contextlib.suppress(OSError):  # not empty
            folder.rmdir()
    if removed:
        logger.info("Removed %d profiles: they are kept for %g days", len(removed), days)
    return removed


def hour(path: Path) -> str:
    """The hour in a file's name."""
    return path.name.split(".")[1]
