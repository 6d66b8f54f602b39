"""Which hours of traffic are judged together."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

HOUR_FORM = "%Y-%m-%dT%H"


class WindowSettings(BaseModel):
    """How far a judgement looks back.

    Attributes:
        hours: no hour that began longer ago counts.
        enough_rows: the newest hours count, as few as hold so many rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: int = Field(ge=1, le=24 * 366)
    enough_rows: int = Field(ge=1)


def recent_hours(hours: list[str], settings: WindowSettings, now: datetime) -> list[str]:
    """Those of the hours (2026-11-23T22, UTC) that are not too old, the newest first."""
    oldest = (now - timedelta(hours=settings.hours)).strftime(HOUR_FORM)
    return sorted((hour for hour in hours if hour > oldest), reverse=True)


def enough_hours(rows: Mapping[str, int], settings: WindowSettings) -> list[str]:
    """The hours to judge, the oldest first.

    Args:
        rows: of each recent hour.
    """
    chosen: list[str] = []
    seen = 0
    for hour in sorted(rows, reverse=True):
        if seen >= settings.enough_rows:
            break
        if rows[hour]:
            chosen.insert(0, hour)
            seen += rows[hour]
    return chosen


def ends(hours: list[str], now: datetime) -> tuple[str, str]:
    """The start and the end of the hours, ISO 8601, the running hour cut off now; of no hours both are now."""
    if not hours:
        return (now.isoformat(timespec="seconds"),) * 2
    first, last = (datetime.strptime(hour, HOUR_FORM).replace(tzinfo=UTC) for hour in (hours[0], hours[-1]))
    end = min(last + timedelta(hours=1), now)
    return first.isoformat(timespec="seconds"), end.isoformat(timespec="seconds")
