"""The trainings that ZenML has on record: when each was started, why, and whether it has ended."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast, get_args

from zenml.client import Client

from steps.core.cause import TAG, CauseKind
from steps.core.retraining import WEEK, Start

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

PIPELINE = "training_pipeline"
DECISION = "retraining_decision"
NO_RUN = "that failed at once"
MOST = 1000  # runs of a week


def training_starts(now: datetime) -> list[Start]:
    """Those of the last week; also those that failed, since a cool-down is to spare the machines, and the people.

    A training that failed before ZenML had a run of it, as for a wrong parameter, is known by the decision to start it.
    """
    since = f"gte:{now - WEEK - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"
    client = Client()
    runs = client.list_pipeline_runs(
        pipeline=PIPELINE, created=since, sort_by="desc:created", size=MOST, hydrate=True
    ).items
    verdicts = {(run.config.parameters or {}).get("cause", {}).get("verdict_run") for run in runs}
    decisions = client.list_artifact_versions(
        artifact=DECISION, created=since, run_metadata=["action:start"], size=MOST, hydrate=True
    ).items
    found = [Start(run=run.name, kind=_kind(run), at=_utc(run.created), ended=run.status.is_finished) for run in runs]
    return found + [
        Start(run=NO_RUN, kind=one.run_metadata["kind"], at=_utc(one.created), ended=True)
        for one in decisions
        if str(one.producer_pipeline_run_id) not in verdicts
    ]


def next_name() -> str:
    """The name of the retraining that comes next.

    ZenML keeps a name once, so that of two who start one at the same moment, on any machines, one is refused.
    """
    last = Client().list_pipeline_runs(pipeline=PIPELINE, sort_by="desc:created", size=1).items
    return f"retraining-{last[0].index + 1 if last else 1}"


def _kind(run: "PipelineRunResponse") -> CauseKind:
    kinds = [tag.name.removeprefix(f"{TAG}=") for tag in run.tags if tag.name.startswith(f"{TAG}=")]
    return cast(CauseKind, kinds[0]) if kinds and kinds[0] in get_args(CauseKind) else "by hand"


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
