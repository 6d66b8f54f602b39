"""The figures about a rollout for Prometheus.

They are registered as those of `serving.metrics` are, which says what has to be set before.
"""

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from serving.rollouts.record import Event
from serving.rollouts.rules import Figures
from serving.rollouts.state import Rollout


class RolloutMetrics:
    """The figures of the process that watches over a rollout.

    Args:
        registry: where they are registered; a new one if none is given.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        own = registry or CollectorRegistry()
        names = ["champion", "challenger", "mode"]
        self.share = Gauge(
            "hpp_rollout_share",
            "Share of the houses of a challenger.",
            names,
            registry=own,
            multiprocess_mode="livemax",
        )
        self.evidence = Gauge(
            "hpp_rollout_e_value",
            "Evidence about a challenger by test; it decides at 1/alpha.",
            ["challenger", "test"],
            registry=own,
            multiprocess_mode="livemax",
        )
        self.events = Counter("hpp_rollout_events", "What happened to rollouts.", ["event"], registry=own)
        for event in get_args(Event):  # from 0 on: Prometheus does not see an increase from nothing
            self.events.labels(event)

    def show(self, rollout: Rollout) -> None:
        """Show what is tried: share 0 once it is over."""
        labels = self.share.labels(rollout.champion, rollout.challenger, rollout.mode)
        labels.set(rollout.share if rollout.active else 0)

    def weigh(self, rollout: Rollout, figures: Figures) -> None:
        """Show the evidence."""
        for test, value in figures.e_values.items():
            self.evidence.labels(rollout.challenger, test).set(value)

    def happened(self, event: str) -> None:
        """Count an event."""
        self.events.labels(event).inc()
