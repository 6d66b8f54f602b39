"""Whether a retraining is started now: by its cause, and by what was started before."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from steps.core.cause import VERDICTS, Cause, CauseKind

Action = Literal["start", "no cause", "off", "running", "tried", "cool-down", "limit"]
WEEK = timedelta(days=7)


class RetrainingSettings(BaseModel):
    """What starts a retraining, how often, and what follows.

    Attributes:
        causes: the verdicts that start one; none: the monitoring starts none.
        cool_down_hours: from the start of a training, whatever its cause and its end, to the next that is not by hand.
        most_a_week: trainings that verdicts start, in any seven days.
        deploy: what becomes of a new version: canary and shadow: it is tried beside the champion; replace: it is served
            if the gate promotes it; nothing: it stays in the registry.
        share: of the houses that a canary answers for.
        most_minutes: a retraining that takes longer is ended; so long is one taken to be running that has not ended.
        training, deployment: the configurations of the two pipelines, as paths in the project.
        place: where the pipelines run and what they make is tried: `python -m pipelines.retrain --on-cluster` sets it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    causes: tuple[Literal["drift", "error"], ...]
    cool_down_hours: float = Field(ge=0)
    most_a_week: int = Field(ge=0)
    deploy: Literal["canary", "shadow", "replace", "nothing"]
    share: float = Field(gt=0, le=1)
    most_minutes: float = Field(gt=0)
    training: str
    deployment: str
    place: Literal["local", "kubernetes"] = "local"


class Start(BaseModel):
    """A training that was started, as ZenML has it on record.

    Attributes:
        at: when, UTC.
        ended: it has ended, one way or another.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    kind: CauseKind
    at: datetime
    ended: bool


class Decision(BaseModel):
    """Whether a retraining is started.

    Attributes:
        action: `no cause`: nothing asks for one. `off`: the settings say that this cause starts none. `running`: one
            is. `tried`: a challenger is tried, and two at once cannot be. `cool-down`, `limit`: too many were.
        cause: that asks for it.
        reason: in words.
    """

    model_config = ConfigDict(frozen=True)

    action: Action
    cause: Cause | None
    reason: str

    @property
    def refused(self) -> bool:
        """Whether something asks for a retraining that is not started."""
        return self.action in ("tried", "cool-down", "limit")


def decide(
    cause: Cause | None, starts: Sequence[Start], tried: str | None, now: datetime, wanted: RetrainingSettings
) -> Decision:
    """Whether the cause starts a training now.

    A person is refused only while another training runs.

    Args:
        cause: none: nothing asks for one.
        starts: of the last week at least.
        tried: the version that is tried beside the champion, or None.
        now: UTC.
    """
    if cause is None:
        return Decision(action="no cause", cause=None, reason="nothing asks for a retraining")
    if cause.kind in VERDICTS and cause.kind not in wanted.causes:
        reason = f"`retraining.causes` in monitoring.yaml does not have {cause.kind}"
        return Decision(action="off", cause=cause, reason=reason)
    action, reason = _hindrance(cause, starts, tried, now, wanted) or ("start", cause.in_words)
    return Decision(action=action, cause=cause, reason=reason)


def _hindrance(
    cause: Cause, starts: Sequence[Start], tried: str | None, now: datetime, wanted: RetrainingSettings
) -> tuple[Action, str] | None:
    stuck = timedelta(minutes=wanted.most_minutes)
    running = [one for one in starts if not one.ended and now - one.at < stuck]
    if running:
        return "running", f"the training {running[0].run} has run since {_moment(running[0].at)}"
    if cause.kind == "by hand":
        return None
    if tried is not None and wanted.deploy != "nothing":
        return "tried", f"version {tried} is tried beside the champion, which must end first"
    cool_down = timedelta(hours=wanted.cool_down_hours)
    last = max(starts, key=lambda one: one.at, default=None)
    if last is not None and now - last.at < cool_down:
        ends = _moment(last.at + cool_down)
        return (
            "cool-down",
            f"the training {last.run} ({last.kind}) began {_moment(last.at)}: the next one from {ends} on",
        )
    if cause.kind in VERDICTS:
        lately = sorted(one.at for one in starts if one.kind in VERDICTS and now - one.at < WEEK)
        if len(lately) >= wanted.most_a_week:
            again = f" until {_moment(lately[-wanted.most_a_week] + WEEK)}" if wanted.most_a_week else ""
            return "limit", f"verdicts have started {len(lately)} trainings in seven days, no more{again}"
    return None


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
