"""The current verdict on drift, as the monitoring pipeline left it: for `/drift` and for Prometheus.

The service does not judge, and knows nothing of whylogs: it reads a file.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from serving.errors import NoVerdictError

VERDICT = "drift.json"  # in the folder of the profiles
STATUSES = ("drifted", "stable", "not enough data")
LATE = 2  # a verdict that is so many times as old as the next one should be late is stale


class Column(msgspec.Struct):
    """What the figures show of a column."""

    name: str
    score: float | None
    ks: float
    drifted: bool


class Window(msgspec.Struct):
    """What the figures show of the window."""

    version: str
    rows: int


class Verdict(msgspec.Struct):
    """What the service understands of the verdict; the rest is handed on as it is (steps/core/drift_verdict.py)."""

    status: str
    window: Window
    columns: list[Column]
    judged_at: datetime
    next_within_seconds: float


def read_verdict(profiles: Path) -> tuple[Verdict, dict[str, Any]]:
    """The verdict, and all that its file says.

    Raises:
        NoVerdictError: there is none, or the file is none.
    """
    try:
        data = (profiles / VERDICT).read_bytes()
        return msgspec.json.decode(data, type=Verdict), msgspec.json.decode(data)
    except FileNotFoundError as err:
        raise NoVerdictError(
            "There is no verdict on drift yet: the monitoring pipeline has not run for this service. Run it: zenml "
            "pipeline run pipelines.monitoring.monitoring_pipeline -c zenml_config/monitoring.yaml."
        ) from err
    except msgspec.DecodeError as err:
        raise NoVerdictError(
            f"{VERDICT} in HPP_PROFILES_DIR is no verdict of the monitoring pipeline: {err}. Run the pipeline again."
        ) from err


def current_verdict(profiles: Path, serving: str, now: float | None = None) -> dict[str, Any]:
    """The verdict with its age: `age_seconds`, `stale`, and whether it is of the version that `serving` names.

    Anyone may ask for it, so that it does not tell who the service's clients are: `callers` is left out.

    Raises:
        NoVerdictError: there is none.
    """
    known, everything = read_verdict(profiles)
    judged = known.judged_at if known.judged_at.tzinfo else known.judged_at.replace(tzinfo=UTC)
    age = max(0.0, (time.time() if now is None else now) - judged.timestamp())
    stale = age > LATE * known.next_within_seconds
    (everything.get("root_cause") or {}).pop("callers", None)
    return everything | {
        "age_seconds": round(age),
        "stale": stale,
        "of_the_version_that_serves": known.window.version == serving,
    }
