"""What is wrong now beside what people were told before: which messages are due.

A condition is told when it begins, when it becomes another one, and again after a while if it lasts; and when it ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from serving.alerts.alert import Alert


class AlertSettings(BaseModel):
    """How often people are told.

    Attributes:
        renotify_hours: what lasts and does not change is told again after so long.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    renotify_hours: float = Field(gt=0)


class Told(BaseModel):
    """When people were last told of a condition, and of what about it."""

    model_config = ConfigDict(frozen=True)

    about: str
    at: datetime


@dataclass(frozen=True)
class Condition:
    """Something that may be wrong.

    Attributes:
        key: what it is; the same as long as it is the same thing.
        about: what is worth a new message when it changes; empty: nothing is wrong.
        message: of what is wrong, or that it is over.
    """

    key: str
    about: str
    message: Alert


def due(
    conditions: Sequence[Condition], told: Mapping[str, Told], now: datetime, wanted: AlertSettings
) -> list[Condition]:
    """Those that people are to be told of now; what is not among the conditions is not known."""
    found = []
    for one in conditions:
        before = told.get(one.key)
        if one.about:
            lasts = before is not None and before.about == one.about
            if not lasts or now - before.at >= timedelta(hours=wanted.renotify_hours):  # type: ignore[union-attr]  # it lasts
                found.append(one)
        elif before is not None:
            found.append(one)
    return found


def after(told: Mapping[str, Told], delivered: Sequence[Condition], now: datetime) -> dict[str, Told]:
    """What people know now; of what was not delivered they are told in the next round."""
    known = dict(told)
    for one in delivered:
        if one.about:
            known[one.key] = Told(about=one.about, at=now)
        else:
            known.pop(one.key, None)
    return known
