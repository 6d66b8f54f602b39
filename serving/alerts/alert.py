"""An alert: what happened, what it means, what the platform did by itself, and what to do."""

import time
from typing import Literal

import msgspec

from serving.alerts.catalogue import KINDS, Severity

MOST_CHARACTERS = 2000  # of one text: what a receiver shows, and no client's input without an end
SCHEMA = 1


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One message.

    Attributes:
        id: the same for every attempt to deliver it.
        key: what it is about; the next message with this key follows it up.
        summary: one sentence: what happened.
        impact: how much it matters, and to whom.
        done: what the platform did by itself.
        to_do: what whoever reads it does now.
        runbook: where its page is.
        facts: the figures in it, for programs.
        time: ISO 8601, UTC.
    """

    schema: int = SCHEMA
    id: str
    name: str
    status: Literal["firing", "resolved"]
    severity: Severity
    key: str
    summary: str
    impact: str
    done: str
    to_do: str
    runbook: str
    facts: dict[str, str | float]
    time: str

    @property
    def text(self) -> str:
        """The message as a person reads it."""
        title = f"[{'RESOLVED' if self.status == 'resolved' else self.severity.upper()}] {self.name}: {self.summary}"
        parts = {"Impact": self.impact, "Done by itself": self.done, "To do": self.to_do, "Runbook": self.runbook}
        return "\n".join([title, *(f"{name}: {said}" for name, said in parts.items() if said)])


def new_alert(
    name: str,
    summary: str,
    *,
    runbooks: str,
    key: str = "",
    impact: str = "",
    done: str = "",
    facts: dict[str, str | float] | None = None,
    resolved: bool = False,
    event: str = "",
    now: float | None = None,
) -> Alert:
    """An alert of a kind in the catalogue.

    Args:
        runbooks: the address of the operations guide.
        key: what it is about, besides its name.
        event: what makes this message one of its own: of the same event it has the same id, whoever sends it.
        now: seconds since 1970.
    """
    kind, moment = KINDS[name], time.time() if now is None else now
    whole_key = f"{name}/{key}" if key else name
    return Alert(
        id=f"{whole_key}/{event or f'{moment:.3f}'}",
        name=name,
        status="resolved" if resolved else "firing",
        severity="info" if resolved else kind.severity,
        key=whole_key,
        summary=_short(summary),
        impact=_short(impact),
        done=_short(done),
        to_do="Nothing." if resolved else kind.to_do,
        runbook=f"{runbooks}#{kind.anchor}",
        facts=facts or {},
        time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
    )


def of_text(text: str, runbooks: str) -> Alert:
    """A message of ZenML's own hooks, which is nothing but text."""
    return new_alert("PipelineMessage", text, runbooks=runbooks)


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
