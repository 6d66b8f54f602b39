"""ZenML's alerter for any web address: the messages of serving.alerts, signed, by the settings of the environment.

It is on the stack where HPP_ALERT_WEBHOOK is set (zenml_config/stack.py); Slack's or Discord's may be there instead.
"""

from typing import Any

from zenml.alerter.base_alerter import BaseAlerter, BaseAlerterConfig, BaseAlerterFlavor, BaseAlerterStepParameters
from zenml.logger import get_logger

from serving.alerts.alert import Alert, of_text
from serving.alerts.webhook import open_webhook
from serving.errors import AlertsError
from serving.settings import read_settings

logger = get_logger(__name__)
FLAVOR = "house_price_webhook"


class AlertParameters(BaseAlerterStepParameters):
    """What a message says besides its text.

    Attributes:
        alert: a `serving.alerts.alert.Alert`, which pydantic does not know.
    """

    alert: Any


class WebhookAlerter(BaseAlerter):
    """Posts to HPP_ALERT_WEBHOOK.

    The address and the key are in no configuration of ZenML's, whose store and dashboard would show them.
    """

    def post(self, message: str, params: BaseAlerterStepParameters | None = None) -> bool:
        """Whether the receiver took the message; a fault is in the log and nowhere else.

        Args:
            message: is sent as it is where `params` have no alert, as by ZenML's own hooks.
        """
        settings = read_settings()
        try:
            webhook = open_webhook(settings)
        except AlertsError as err:
            logger.error("%s The alert was not sent.", err.info)
            return False
        if webhook is None:
            logger.error("HPP_ALERT_WEBHOOK is empty, but the stack has its alerter. The alert was not sent.")
            return False
        given = getattr(params, "alert", None)
        return webhook.deliver(given if isinstance(given, Alert) else of_text(message, settings.runbooks))

    def ask(self, question: str, params: BaseAlerterStepParameters | None = None) -> bool:
        """Nothing: nobody can answer.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("A webhook takes no answers. Use an alerter of a chat, such as Slack's, to ask.")


class WebhookAlerterFlavor(BaseAlerterFlavor):
    """How ZenML makes it."""

    @property
    def name(self) -> str:
        """The flavor's name."""
        return FLAVOR

    @property
    def config_class(self) -> type[BaseAlerterConfig]:
        """It has no configuration of its own."""
        return BaseAlerterConfig

    @property
    def implementation_class(self) -> type[WebhookAlerter]:
        """The alerter."""
        return WebhookAlerter
