"""From spooled rows to whylogs profiles: one profile for each spool file, so that every row is counted exactly once.

The profile and how far its spool file was read are one file, replaced in one rename: whenever the process is killed,
the next one goes on where the profile ends. Profiles of one version and hour are merged when they are read.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from serving.files import write_atomically
from serving.records.hourly import ENDING, grown
from serving.records.profile_store import PROFILE_ENDING
from serving.records.profile_views import as_view, merged, view_of
from serving.records.receipts import Header

if TYPE_CHECKING:
    from whylogs.core import DatasetProfileView

OFFSET, ROWS, BROKEN = "spool_offset", "rows", "broken_lines"
BATCH_BYTES = 16_000_000


class _Line(msgspec.Struct):
    """What a profile takes of a line of the spool, `serving.records.receipts.Served`."""

    rows: list[list[float | None]]
    out: list[list[float]] = []
    probe: bool = False


def profile_path(profiles: Path, spool_file: Path) -> Path:
    """The profile of a spool file: `v<version>/<hour>/<worker>.bin`."""
    version, hour, worker = spool_file.name.removesuffix(ENDING).split(".")
    return profiles / version / hour / f"{worker}{PROFILE_ENDING}"


def profile_spool(spool: Path, profiles: Path, sizes: dict[str, int] | None = None) -> int:
    """The number of rows that were added to the profiles: the complete lines of the spool that were not in them yet.

    What is written meanwhile waits for the next round: to run after a busy worker's last line would take a merge of
    the profile, and a write of it, for every few rows.

    Args:
        sizes: the files' sizes at the last round by name, brought up to date here: what did not grow is skipped.
    """
    sizes = {} if sizes is None else sizes
    added = 0
    for path, size in grown(spool, sizes):
        added += _profile_file(path, profile_path(profiles, path), size)
        sizes[path.name] = size
    return added


def unread_bytes(source: Path, profiles: Path) -> int:
    """How many bytes of complete lines of a spool file are not in its profile yet.

    A file without any line below its header, or without a whole header, has none: there is nothing to lose.
    """
    target = profile_path(profiles, source)
    read = _counts(read_profile(target) if target.exists() else None)[OFFSET]
    with source.open("rb") as file:
        start = max(read, len(file.readline()))
        file.seek(start)
        return sum(len(line) for line in file if line.endswith(b"\n"))


def read_hour(folder: Path) -> "DatasetProfileView | None":
    """The profile of one version and hour, merged over the workers, or None: there is none."""
    return merged(read_profile(path) for path in sorted(folder.glob(f"*{PROFILE_ENDING}")))


def read_profile(path: Path) -> "DatasetProfileView":
    """The whylogs profile in a file."""
    return as_view(path.read_bytes())


def _profile_file(source: Path, target: Path, size: int) -> int:
    known = read_profile(target) if target.exists() else None
    counts = _counts(known)
    if size <= counts[OFFSET]:
        return 0
    added = 0
    with source.open("rb") as file:
        header = _header(file.readline())
        if header is None:  # the worker was stopped in its first write
            return 0
        columns = [*header.columns, *header.outputs[:1]]  # the bounds follow from the price
        file.seek(max(counts[OFFSET], file.tell()))
        while file.tell() < size and (lines := file.readlines(min(BATCH_BYTES, size - file.tell()))):
            if not lines[-1].endswith(b"\n"):
                file.seek(file.tell() - len(lines.pop()))  # still being written, or torn by a kill
            if not lines:
                break
            rows, broken = _rows(lines, len(columns))
            counts = {OFFSET: file.tell(), ROWS: counts[ROWS] + len(rows), BROKEN: counts[BROKEN] + broken}
            known = view_of(columns, rows, {name: str(count) for name, count in counts.items()}, known)
            write_atomically(target, known.serialize())
            added += len(rows)
    return added


def _counts(view: Any) -> dict[str, int]:
    metadata = view.metadata if view is not None else {}
    return {name: int(metadata.get(name, 0)) for name in (OFFSET, ROWS, BROKEN)}


def _header(line: bytes) -> Header | None:
    try:
        return msgspec.json.decode(line, type=Header)
    except msgspec.DecodeError:
        return None


def _rows(lines: list[bytes], width: int) -> tuple[NDArray[np.float64], int]:
    """The features and prices of the lines without probes, (n, width), and how many lines are no line of a spool."""
    values: list[float | None] = []  # one flat list: a list for each row takes twice the time
    broken = 0
    decode = msgspec.json.Decoder(_Line).decode
    for text in lines:
        try:
            line = decode(text)
        except msgspec.DecodeError:
            broken += bool(text.strip())
            continue
        if not line.probe:
            for row, priced in zip(line.rows, line.out, strict=False):
                row += priced[:1]
                if len(row) == width:
                    values += row
    return np.array(values, dtype=np.float64).reshape(-1, width), broken
