"""This machine's part in the store of all machines' profiles: changed profiles go there, the verdict comes back."""

import contextlib
import os
import time
from pathlib import Path

import msgspec

from serving.files import write_atomically
from serving.records.drift import VERDICT, Verdict
from serving.records.profile_store import PROFILE_ENDING, ProfileStore

MARK = ".shared"  # its time of change: what changed before it is in the store
SLACK_NS = 2 * 10**9  # clocks and file systems do not agree to the nanosecond: what is this young goes twice


def share(profiles: Path, store: ProfileStore) -> int:
    """The number of profiles that were put into the store: those that changed since the last whole round.

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
    for path in changed:
        store.write(str(path.relative_to(profiles)), path.read_bytes())
    mark.touch()
    os.utime(mark, ns=(started - SLACK_NS,) * 2)
    return len(changed)


def fetch_verdict(profiles: Path, store: ProfileStore) -> bool:
    """Whether the store had a newer verdict than this machine, which has it now."""
    data = store.read(VERDICT)
    if data is None:
        return False
    try:
        judged = msgspec.json.decode(data, type=Verdict).judged_at
    except msgspec.DecodeError:
        return False
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        if msgspec.json.decode((profiles / VERDICT).read_bytes(), type=Verdict).judged_at >= judged:
            return False
    write_atomically(profiles / VERDICT, data)
    return True
