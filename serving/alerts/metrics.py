"""The figures about alerts for Prometheus; they are registered as those of `serving.metrics` are."""

from prometheus_client import CollectorRegistry, Gauge


class AlertMetrics:
    """The figures of the process that sends them.

    Args:
        registry: where they are registered; a new one if none is given.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.waiting = Gauge(
            "hpp_alerts_waiting",
            "Alerts that nobody has taken yet.",
            registry=registry or CollectorRegistry(),
            multiprocess_mode="livemostrecent",
        )
