"""The step that decides whether a retraining is started."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from zenml import ArtifactConfig, get_step_context, log_metadata, step
from zenml.logger import get_logger

from serving.records.live_error import WORSE
from serving.rollouts.state import folder_of, read_rollout
from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.cluster.trial import tried_in_cluster
from steps.core.cause import Cause
from steps.core.drift_verdict import DRIFTED, DriftVerdict
from steps.core.live_error import LiveError
from steps.core.retraining import Decision, RetrainingSettings, decide
from steps.tracking.run_facts import describe_run
from steps.tracking.trainings import DECISION, training_starts

logger = get_logger(__name__)


@step(enable_cache=False, output_materializers=PageMaterializer)
def decide_retraining(
    drift: DriftVerdict, error: LiveError, wanted: RetrainingSettings
) -> Annotated[Decision, ArtifactConfig(name=DECISION)]:
    """Whether one of the verdicts starts one now."""
    decision = decide_now(cause_of(drift, error, str(get_step_context().pipeline_run.id)), wanted, read_settings())
    logger.info("Retraining: %s: %s", decision.action, decision.reason)
    asked = {"kind": decision.cause.kind} if decision.cause else {}
    log_metadata(metadata={"action": decision.action, "reason": decision.reason, **asked}, infer_artifact=True)
    describe_run(
        version=drift.window.version,
        rows=drift.window.rows,
        drift=drift.status,
        error=error.status,
        retraining=decision.action,
        cause=decision.cause.kind if decision.cause else "none",
    )
    return decision


def cause_of(drift: DriftVerdict, error: LiveError, run: str) -> Cause | None:
    """What the verdicts ask a retraining for, or None: for none. An error that is seen counts before one to be feared.

    Args:
        error: against true prices.
        run: ZenML's, that judged.
    """
    if error.status == WORSE:
        between = f"{error.start} to {error.end}"
        return Cause(kind="error", reason=error.reason, verdict_run=run, version=error.version, window=between)
    if drift.status != DRIFTED:
        return None
    window, cause = drift.window, drift.root_cause
    feature = cause.effects[0].feature if cause is not None and drift.drifted else ""
    between = f"{window.start} to {window.end}"
    return Cause(
        kind="drift",
        reason=drift.reason,
        verdict_run=run,
        version=window.version,
        feature=feature,
        window=between,
    )


def decide_now(cause: Cause | None, wanted: RetrainingSettings, settings: Settings) -> Decision:
    """Whether the cause starts a retraining, by what ZenML has on record and by what is tried in the service."""
    now = datetime.now(UTC)
    starts = training_starts(now) if cause else []
    return decide(cause, starts, tried_version(settings, wanted.place), now, wanted)


def tried_version(settings: Settings, place: Literal["local", "kubernetes"]) -> str | None:
    """The version that is tried beside the champion, or None.

    Raises:
        DeploymentError, ConfigurationError: the cluster does not say.
    """
    if place == "kubernetes":
        return tried_in_cluster(settings)
    rollout = read_rollout(folder_of(settings.profiles_dir))
    return rollout.challenger if rollout is not None and rollout.active else None
