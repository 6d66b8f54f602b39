"""The service's figures for Prometheus, exact over all workers.

prometheus_client keeps them in files of the folder PROMETHEUS_MULTIPROC_DIR, which must be set before it is imported.
"""

from collections.abc import Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

PREFIX = "hpp_"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The figures of one process; also what Seldon's app takes for its own metrics object.

    Args:
        registry: where the figures are registered; a new one if none is given.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "hpp_requests", "Requests by path and status.", ["path", "code"], registry=self.registry
        )
        self.seconds = Histogram("hpp_prediction_seconds", "Time of a call.", registry=self.registry, buckets=SECONDS)
        self.rows = Counter("hpp_rows", "Rows priced.", registry=self.registry)
        self.lost_rows = Counter("hpp_rows_not_recorded", "Rows priced and not recorded.", registry=self.registry)
        self.feedback = Counter("hpp_feedback", "Feedback calls with a reward.", registry=self.registry)

    def serving(self, metadata: object, started: float) -> None:
        """Show what this worker serves."""

    def update(self, custom_metrics: list[dict[str, Any]], method: str) -> None:
        """Take Seldon's custom metrics: the model has none, its figures are those above."""

    def update_reward(self, reward: float) -> None:
        """Count a feedback call that brought a reward."""
        if reward:
            self.feedback.inc()

    def generate_metrics(self) -> tuple[bytes, str]:
        """The figures in Prometheus' text form and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


def of_all_workers(folder: str) -> tuple[bytes, str]:
    """The figures of all processes that write to the folder, in Prometheus' text form, and its media type."""
    everything = CollectorRegistry()
    MultiProcessCollector(everything, path=folder)  # type: ignore[no-untyped-call]  # it has no types
    ours = CollectorRegistry()
    ours.register(_Ours(everything))
    return generate_latest(ours), CONTENT_TYPE_LATEST


class _Ours(Collector):
    """Our figures among all: Feast's client keeps some of its own in the same folder."""

    def __init__(self, everything: CollectorRegistry) -> None:
        self.everything = everything

    def collect(self) -> Iterable[Metric]:
        return (family for family in self.everything.collect() if family.name.startswith(PREFIX))
