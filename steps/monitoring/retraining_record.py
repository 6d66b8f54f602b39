"""The record of retrainings in the audit's folder (HPP_AUDIT_DIR): what was started or refused, why, how it ended."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from steps.core.cause import Cause
from steps.core.retrained import Ending, Outcome
from steps.core.retraining import Decision

RECORD = "retraining.jsonl"


class RetrainingEvent(BaseModel):
    """One line.

    Attributes:
        time: ISO 8601, UTC.
        event: `started`, `refused`, or how it ended.
    """

    time: str
    event: Literal["started", "refused"] | Ending
    cause: Cause | None
    reason: str
    training_run: str = ""
    deployment_run: str = ""
    version: str = ""


def record_retraining(audit: Path, event: RetrainingEvent) -> None:
    """Write it down, on the disk, as one line, whoever else writes."""
    audit.mkdir(parents=True, exist_ok=True)
    with (audit / RECORD).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(event.model_dump_json(exclude_defaults=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_retrainings(audit: Path) -> list[RetrainingEvent]:
    """All that is on record, the oldest first; a line that a kill has cut off is left out."""
    try:
        lines = (audit / RECORD).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(RetrainingEvent.model_validate_json(line))
        except ValidationError:
            continue
    return found


def keep_start(audit: Path, cause: Cause, run: str) -> None:
    """A retraining begins."""
    event = RetrainingEvent(time=_now(), event="started", cause=cause, reason=cause.in_words, training_run=run)
    record_retraining(audit, event)


def keep_refusal(audit: Path, decision: Decision) -> None:
    """One was asked for and is not started; once, however often the monitoring asks for it."""
    reason = f"{decision.action}: {decision.reason}"
    known = read_retrainings(audit)
    if not known or (known[-1].event, known[-1].reason) != ("refused", reason):
        record_retraining(audit, RetrainingEvent(time=_now(), event="refused", cause=decision.cause, reason=reason))


def keep_outcome(audit: Path, outcome: Outcome) -> None:
    """One has ended."""
    event = RetrainingEvent(
        time=_now(),
        event=outcome.ending,
        cause=outcome.cause,
        reason=outcome.reason,
        training_run=outcome.training_run,
        deployment_run=outcome.deployment_run,
        version=outcome.version,
    )
    record_retraining(audit, event)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
