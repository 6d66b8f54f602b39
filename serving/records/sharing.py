"""This machine's part in the store of all machines: changed profiles and true prices go there, verdicts come back."""

import contextlib
import os
import time
from datetime import datetime
from pathlib import Path

import msgspec

from serving.files import write_atomically
from serving.records.drift import VERDICT
from serving.records.hourly import ENDING, FEEDBACK
from serving.records.live_error import LIVE_ERROR
from serving.records.profile_store import PROFILE_ENDING, ProfileStore

MARK = ".shared"  # its time of change: what changed before it is in the store
SLACK_NS = 2 * 10**9  # clocks and file systems do not agree to the nanosecond: what is this young goes twice


class _Judged(msgspec.Struct):
    """What is asked of a verdict."""

    judged_at: datetime


def share(profiles: Path, store: ProfileStore) -> int:
    """The number of profiles and files of true prices that were put into the store: what changed since the last round.

    A kill leaves the mark of the round before: the next one does again what this one did.

    Raises:
        StoreError: the store does not answer; the next round begins where this one did.
    """
    started = time.time_ns()
    mark = profiles / MARK
    since = mark.stat().st_mtime_ns if mark.exists() else 0
    changed = [
        path
        for folder in sorted(profiles.glob("v*/*"))
        if folder.stat().st_mtime_ns >= since  # a file of it was replaced
        for path in sorted(folder.glob(f"[!.]*{PROFILE_ENDING}"))
        if path.stat().st_mtime_ns >= since
    ]
    truths = profiles / FEEDBACK  # true prices by receipt carry what was answered: they can be judged anywhere
    changed += [path for path in sorted(truths.glob(f"*{ENDING}")) if path.stat().st_mtime_ns >= since]
    for path in changed:
        store.write(str(path.relative_to(profiles)), path.read_bytes())
    mark.touch()
    os.utime(mark, ns=(started - SLACK_NS,) * 2)
    return len(changed)


def fetch_verdicts(profiles: Path, store: ProfileStore) -> list[str]:
    """The names of the verdicts of which the store had a newer one than this machine, which has it now."""
    return [name for name in (VERDICT, LIVE_ERROR) if _fetch(profiles, store, name)]


def _fetch(profiles: Path, store: ProfileStore, name: str) -> bool:
    data = store.read(name)
    if data is None:
        return False
    try:
        judged = msgspec.json.decode(data, type=_Judged).judged_at
    except msgspec.DecodeError:
        return False
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        if msgspec.json.decode((profiles / name).read_bytes(), type=_Judged).judged_at >= judged:
            return False
    write_atomically(profiles / name, data)
    return True
