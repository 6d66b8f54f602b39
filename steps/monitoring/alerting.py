"""Tells people, through the alerter of the ZenML stack, whatever kind it is; and costs nobody who tells."""

from collections.abc import Sequence

from zenml import get_step_context
from zenml.client import Client
from zenml.logger import get_logger

from serving.alerts.alert import Alert, new_alert
from serving.alerts.webhook import open_webhook
from serving.errors import AlertsError
from serving.settings import Settings, read_settings
from steps.monitoring.webhook_alerter import AlertParameters, WebhookAlerter

logger = get_logger(__name__)


def tell(alerts: Sequence[Alert], settings: Settings) -> list[bool]:
    """Which of the alerts were taken: by the stack's alerter, else by HPP_ALERT_WEBHOOK, else by the log."""
    return [_tell(alert, settings) for alert in alerts]


def tell_of_failure(exception: BaseException) -> None:
    """What ZenML calls when a step has failed: somebody is told which, and why."""
    context, settings = get_step_context(), read_settings()
    name = context.pipeline.name
    alert = new_alert(
        "PipelineFailed",
        f"{name} failed in the step {context.step_run.name}: {type(exception).__name__}: {exception}",
        runbooks=settings.runbooks,
        key=name,
        facts={"run": context.pipeline_run.name, "step": context.step_run.name},
    )
    tell([alert], settings)


def _tell(alert: Alert, settings: Settings) -> bool:
    logger.warning("Alert %s", alert.text) if alert.severity != "info" else logger.info("Alert %s", alert.text)
    try:
        alerter = Client().active_stack.alerter
        if alerter is None:
            webhook = open_webhook(settings)
            return webhook is None or webhook.deliver(alert)
        own = isinstance(alerter, WebhookAlerter)
        return bool(alerter.post(alert.text, AlertParameters(alert=alert) if own else None))
    except AlertsError as err:
        logger.error("%s The alert %s was not sent.", err.info, alert.name)
    except Exception:  # a chat that is down, or an integration that is not installed, is no reason to stop
        logger.exception("The alert %s was not sent", alert.name)
    return False
