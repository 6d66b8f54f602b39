"""The step that tells people what the monitoring has found: once, when it changes, now and then, and at its end."""

from datetime import UTC, datetime
from typing import Annotated

from zenml import ArtifactConfig, log_metadata, step
from zenml.client import Client
from zenml.logger import get_logger

from serving.records.live_error import NOT_ENOUGH as NO_TRUTHS
from serving.records.live_error import WORSE
from serving.settings import Settings, read_settings
from steps.core.alerts import drift_is_over, error_is_over, of_drift, of_error, of_refusal
from steps.core.conditions import AlertSettings, Condition, Told, after, due
from steps.core.drift_verdict import DRIFTED, NOT_ENOUGH, DriftVerdict
from steps.core.live_error import LiveError
from steps.core.retraining import Decision
from steps.find_champion import Champion
from steps.monitoring.alerting import tell

logger = get_logger(__name__)
TOLD = "alerts_told"


@step(enable_cache=False)
def send_alerts(
    champion: Champion,
    drift: DriftVerdict,
    error: LiveError,
    decision: Decision,
    alerts: AlertSettings,
) -> Annotated[dict[str, dict[str, str]], ArtifactConfig(name=TOLD)]:
    """What people know now, by condition: the next run reads it. A message that nobody took is sent again then."""
    settings, now, told = read_settings(), datetime.now(UTC), told_before()
    conditions = [
        *drift_conditions(drift, decision, champion.unit, settings),
        *error_conditions(error, decision, champion.unit, settings),
        refusal_condition(drift, decision, settings),
    ]
    wanted = due(conditions, told, now, alerts)
    taken = tell([one.message for one in wanted], settings)
    delivered = [one for one, was_taken in zip(wanted, taken, strict=True) if was_taken]
    logger.info("Alerts: %d of %d due were taken", len(delivered), len(wanted))
    log_metadata(metadata={"sent": ", ".join(one.key for one in delivered)}, infer_artifact=True)
    return {key: one.model_dump(mode="json") for key, one in after(told, delivered, now).items()}


def drift_conditions(drift: DriftVerdict, decision: Decision, unit: str, settings: Settings) -> list[Condition]:
    """Whether the traffic has drifted; nothing if there is no verdict."""
    if drift.status == NOT_ENOUGH:
        return []
    drifted = drift.status == DRIFTED
    about = f"v{drift.window.version}: {', '.join(drift.drifted)} {drift.prediction_drifted}" if drifted else ""
    said = of_drift(drift, decision, unit, settings.runbooks) if drifted else drift_is_over(drift, settings.runbooks)
    return [Condition(said.key, about, said)]


def error_conditions(error: LiveError, decision: Decision, unit: str, settings: Settings) -> list[Condition]:
    """Whether the error against true prices is worse than promised; nothing if there is no verdict."""
    if error.status == NO_TRUTHS:
        return []
    worse = error.status == WORSE
    said = of_error(error, decision, unit, settings.runbooks) if worse else error_is_over(error, settings.runbooks)
    return [Condition(said.key, f"v{error.version}" if worse else "", said)]


def refusal_condition(drift: DriftVerdict, decision: Decision, settings: Settings) -> Condition:
    """Whether a retraining is asked for that is not started."""
    said = of_refusal(decision, drift.window.model, settings.runbooks)
    return Condition(said.key, decision.action if decision.refused else "", said)


def told_before() -> dict[str, Told]:
    """What people were told until now, as the last run of the pipeline left it."""
    versions = Client().list_artifact_versions(artifact=TOLD, sort_by="desc:created", size=1).items
    known = versions[0].load() if versions else {}
    return {key: Told.model_validate(one) for key, one in known.items()}
