"""The current verdict on the error against true prices, as the monitoring pipeline left it: for `/drift` and figures.

The service does not judge: it reads a file.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from serving.errors import NoVerdictError
from serving.records.drift import LATE

LIVE_ERROR = "live_error.json"  # in the folder of the profiles
WORSE: Final = "worse than promised"
PROMISED: Final = "as promised"
NOT_ENOUGH: Final = "not enough truths"
STATUSES = (WORSE, PROMISED, NOT_ENOUGH)


class Figure(msgspec.Struct):
    """A figure of quality with its confidence interval."""

    value: float
    low: float
    high: float


class Version(msgspec.Struct):
    """What the figures show of a model version."""

    version: str
    rows: int
    status: str
    rmse: Figure | None
    mae: Figure | None
    bias: Figure | None
    r2: Figure | None
    coverage: Figure | None


class Estimate(msgspec.Struct):
    """What the figures show of the estimate before true prices come."""

    mae: float
    rmse: float


class LiveError(msgspec.Struct):
    """What the service understands of the verdict; the rest is handed on as it is (steps/core/live_error.py)."""

    status: str
    version: str
    versions: list[Version]
    judged_at: datetime
    next_within_seconds: float
    estimate: Estimate | None = None


def read_live_error(profiles: Path) -> tuple[LiveError, dict[str, Any]]:
    """The verdict, and all that its file says.

    Raises:
        NoVerdictError: there is none, or the file is none.
    """
    try:
        data = (profiles / LIVE_ERROR).read_bytes()
        return msgspec.json.decode(data, type=LiveError), msgspec.json.decode(data)
    except FileNotFoundError as err:
        raise NoVerdictError("There is no verdict on the live error yet: run the monitoring pipeline.") from err
    except msgspec.DecodeError as err:
        raise NoVerdictError(
            f"{LIVE_ERROR} in HPP_PROFILES_DIR is no verdict of the monitoring pipeline: {err}. Run the pipeline again."
        ) from err


def current_live_error(profiles: Path, serving: str, now: float | None = None) -> dict[str, Any] | None:
    """The verdict with its age, as of the verdict on drift and without callers' names; None: there is none."""
    try:
        known, everything = read_live_error(profiles)
    except NoVerdictError:
        return None
    judged = known.judged_at if known.judged_at.tzinfo else known.judged_at.replace(tzinfo=UTC)
    age = max(0.0, (time.time() if now is None else now) - judged.timestamp())
    everything.pop("callers", None)
    return everything | {
        "age_seconds": round(age),
        "stale": age > LATE * known.next_within_seconds,
        "of_the_version_that_serves": known.version == serving,
    }
