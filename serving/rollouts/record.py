"""The record of rollouts: one line for each start, change, end and promotion, kept for good.

It is in the audit's folder (HPP_AUDIT_DIR). Whoever sends alerts reads it: `read_events`.
"""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from serving.rollouts.rules import Figures
from serving.rollouts.state import By, Mode, Rollout

RECORD = "rollout.jsonl"
Event = Literal["started", "share", "better", "promoted", "rolled_back", "stopped", "undecided"]


class RolloutEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a rollout.

    Attributes:
        time: in ISO 8601, UTC.
        rollout: its id.
        by: who did it.
        test: by which the service decided.
        reason: in words.
        figures: the evidence then.
    """

    time: str
    event: Event
    rollout: str
    model: str
    champion: str
    challenger: str
    mode: Mode
    share: float
    by: By
    test: str = ""
    reason: str = ""
    figures: Figures | None = None


def record(audit: Path, event: Event, rollout: Rollout) -> bool:
    """Whether the event was written down, on the disk; False: it was there already.

    Args:
        audit: the folder.
    """
    audit.mkdir(parents=True, exist_ok=True)
    with (audit / RECORD).open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if event != "share" and _is_known(file.name, event, rollout.id):
            return False
        line = msgspec.json.encode(_event(event, rollout)) + b"\n"
        file.write(b"\n" * _is_torn(file.name) + line)
        file.flush()
        os.fsync(file.fileno())
    return True


def read_events(audit: Path) -> list[RolloutEvent]:
    """All that is on record, the oldest first."""
    try:
        lines = (audit / RECORD).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    events = []
    for line in lines:
        try:
            events.append(msgspec.json.decode(line, type=RolloutEvent))
        except msgspec.DecodeError:  # cut off by a kill: it was written again
            continue
    return events


def _event(event: Event, rollout: Rollout) -> RolloutEvent:
    return RolloutEvent(
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        event=event,
        rollout=rollout.id,
        model=rollout.model,
        champion=rollout.champion,
        challenger=rollout.challenger,
        mode=rollout.mode,
        share=rollout.share,
        by=rollout.by,
        test=rollout.test,
        reason=rollout.reason,
        figures=rollout.figures,
    )


def _is_known(name: str, event: Event, rollout_id: str) -> bool:
    return any((one.event, one.rollout) == (event, rollout_id) for one in read_events(Path(name).parent))


def _is_torn(name: str) -> bool:
    data = Path(name).read_bytes()
    return bool(data) and not data.endswith(b"\n")
