"""Tells of rollouts as they happen: it reads their record, and sends what is new to HPP_ALERT_WEBHOOK.

It runs in the service's sidecar, so that a rollback is told within seconds and not by the next monitoring run. What was
sent is a number in a file beside the record: killed at any point, the next one goes on there, and sends at most one
message twice, under the same id. A receiver that is away is asked again until it takes them.
"""

import logging
import threading
import time

from serving.alerts.alert import Alert, new_alert
from serving.alerts.metrics import AlertMetrics
from serving.alerts.webhook import Webhook, open_webhook
from serving.errors import AlertsError
from serving.files import alone, signature, write_atomically
from serving.rollouts.record import RECORD, RolloutEvent, read_events
from serving.rollouts.rules import Figures
from serving.settings import Settings

logger = logging.getLogger(__name__)
ROUND_S = 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 600.0
SENT = "rollout.sent"  # how many of the record's events were told
_SAID = {
    "started": ("RolloutStarted", "is tried beside", "It answers for {share:.0%} of the houses ({mode})."),
    "better": ("RolloutBetter", "is better than", "It goes on as it is until it is promoted."),
    "promoted": (
        "RolloutPromoted",
        "has taken the place of",
        "The service was rolled to it.",
    ),
    "rolled_back": ("RolloutRolledBack", "was rolled back in favour of", "The champion alone serves."),
    "stopped": ("RolloutStopped", "is not tried any more beside", "The champion alone serves."),
    "undecided": ("RolloutStopped", "could not be told in time from", "The champion alone serves."),
}


def of_rollout(event: RolloutEvent, runbooks: str) -> Alert | None:
    """The message of an event, or None: it is none that people are told of."""
    if event.event not in _SAID:
        return None
    name, verb, done = _SAID[event.event]
    by = f", by {event.by}" + (f" ({event.test})" if event.test else "")
    summary = f"{event.model} v{event.challenger} {verb} v{event.champion}{by}"
    return new_alert(
        name,
        f"{summary}: {event.reason}" if event.reason else summary,
        runbooks=runbooks,
        key=event.rollout,
        impact=_impact(event.figures),
        done=done.format(share=event.share, mode=event.mode),
        facts={"champion": event.champion, "challenger": event.challenger, "test": event.test, "mode": event.mode},
        event=event.time,
    )


def _impact(figures: Figures | None) -> str:
    if figures is None:
        return ""
    gain = "" if figures.gain is None else f", by which its mean error is smaller by {figures.gain:.3g}"
    return (
        f"Of {figures.requests} requests {figures.faults} failed in it (the champion answered them), {figures.slow} "
        f"were slow; of {figures.houses} houses {figures.far} were priced far from the champion's price; "
        f"{figures.truths} true prices{gain}"
    )


class RolloutAlerts:
    """What sends them.

    Args:
        settings: where the record is.
        webhook: who is told.
    """

    def __init__(self, settings: Settings, webhook: Webhook) -> None:
        self.audit, self.runbooks, self.webhook = settings.audit_dir, settings.runbooks, webhook
        self._figures = AlertMetrics()
        self._seen: tuple[int, ...] | None = ()  # the record as it was when all of it was told
        self._pause_s, self._not_before = FIRST_PAUSE_S, 0.0
        self.audit.mkdir(parents=True, exist_ok=True)
        # The sidecar of the next version starts before this one ends.
        self._lock = self.audit / f".{SENT}.lock"
        with alone(self._lock) as may_send:
            if may_send and not (self.audit / SENT).exists():  # what was before alerts were wanted is not news
                self._keep(len(read_events(self.audit)))

    def look(self) -> None:
        """Send what is new, in its order; what is not taken is sent later."""
        now = signature(self.audit / RECORD)
        if now == self._seen or time.monotonic() < self._not_before:
            return
        with alone(self._lock) as may_send:
            if may_send and self._send():
                self._seen, self._pause_s = now, FIRST_PAUSE_S
                return
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _send(self) -> bool:
        """Whether all that is new was taken."""
        events = read_events(self.audit)
        sent = min(self._sent(), len(events))  # fewer: the record was cleared away
        self._keep(sent)
        for event in events[sent:]:
            self._figures.waiting.set(len(events) - sent)
            alert = of_rollout(event, self.runbooks)
            if alert is not None and not self.webhook.deliver(alert):
                return False
            sent += 1
            self._keep(sent)
        self._figures.waiting.set(0)
        return True

    def _sent(self) -> int:
        try:
            return int((self.audit / SENT).read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def _keep(self, sent: int) -> None:
        write_atomically(self.audit / SENT, f"{sent}\n".encode())


def tell_rollouts(stopped: threading.Event, settings: Settings) -> None:
    """Look twice a second until `stopped`; at once done if nobody is to be told."""
    try:
        webhook = open_webhook(settings)
    except AlertsError as err:
        logger.error("%s No alerts are sent.", err.info)
        return
    if webhook is None:
        return
    sending = RolloutAlerts(settings, webhook)
    while not stopped.wait(ROUND_S):
        try:
            sending.look()
        except Exception:  # a full disk may be free again in the next round
            logger.exception("The alerts of rollouts could not be looked after")
