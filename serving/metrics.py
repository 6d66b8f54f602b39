"""The service's figures for Prometheus, exact over all workers.

prometheus_client keeps them in files of the folder PROMETHEUS_MULTIPROC_DIR, which must be set before it is imported.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from serving.bundle import Metadata
from serving.errors import NoVerdictError
from serving.records.drift import STATUSES, read_verdict
from serving.records.metrics import LiveErrorMetrics, newest

PREFIX = "hpp_"
MOST_OUTCOMES = 1000
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The figures of one process; also what Seldon's app takes for its own metrics object.

    Args:
        registry: where the figures are registered; a new one if none is given.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = own = registry or CollectorRegistry()
        self.requests = Counter("hpp_requests", "Requests by path and status.", ["path", "code"], registry=own)
        self.seconds = Histogram("hpp_prediction_seconds", "Time of a call.", registry=own, buckets=SECONDS)
        self.in_flight = Gauge("hpp_in_flight", "Requests being answered.", registry=own, multiprocess_mode="livesum")
        self.lookups = Histogram(
            "hpp_lookup_seconds", "Time of a read of the online store.", registry=own, buckets=SECONDS
        )
        self.rows = Counter("hpp_rows", "Rows priced.", registry=own)
        self.lost_rows = Counter("hpp_rows_not_recorded", "Rows priced and not recorded.", registry=own)
        self.feedback = Counter("hpp_feedback", "Feedback calls with a reward.", registry=own)
        self.challenger_rows = Counter(
            "hpp_challenger_rows", "Rows priced by a challenger.", ["version", "mode"], registry=own
        )
        self.challenger_faults = Counter(
            "hpp_challenger_faults", "Requests that failed in a challenger.", ["version"], registry=own
        )
        self.pairs_dropped = Counter(
            "hpp_challenger_requests_skipped", "Requests that a challenger was too busy to price.", registry=own
        )
        self.model = Gauge(
            "hpp_model_info",
            "The model that is served, as labels.",
            ["model", "version", "feature_service"],
            registry=own,
            multiprocess_mode="livemax",
        )
        self.starts = Counter("hpp_worker_starts", "Workers that were started.", ["version"], registry=own)
        self.started = Gauge(
            "hpp_start_time_seconds", "When the service was started.", registry=own, multiprocess_mode="livemin"
        )
        # Looking a child up by its labels takes as long as counting.
        self._requests = lru_cache(MOST_OUTCOMES)(self.requests.labels)

    def answered(self, path: str, code: int, seconds: float | None) -> None:
        """Count a request.

        Args:
            path: one of a fixed set of names.
            seconds: how long a prediction took; None for another kind of request.
        """
        self._requests(path, str(code)).inc()
        if seconds is not None:
            self.seconds.observe(seconds)

    def serving(self, metadata: Metadata, started: float) -> None:
        """Show what this worker serves, and since when the service runs, in seconds since 1970."""
        self.model.labels(metadata.model_name, metadata.model_version, metadata.feature_service).set(1)
        self.starts.labels(metadata.model_version).inc()
        self.started.set(started)

    def update(self, custom_metrics: list[dict[str, Any]], method: str) -> None:
        """Take Seldon's custom metrics: the model has none, its figures are those above."""

    def update_reward(self, reward: float) -> None:
        """Count a feedback call that brought a reward."""
        if reward:
            self.feedback.inc()

    def generate_metrics(self) -> tuple[bytes, str]:
        """The figures in Prometheus' text form and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


class ProfileMetrics:
    """The figures of the process that profiles what was served.

    Args:
        registry: where they are registered; a new one if none is given.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        own = registry or CollectorRegistry()
        self.backlog = Gauge(
            "hpp_profile_backlog_bytes",
            "Receipts that are not in a profile yet.",
            registry=own,
            multiprocess_mode="livemax",
        )
        self.rows = Counter("hpp_rows_profiled", "Rows that were added to profiles.", registry=own)
        self.shared = newest(
            own, "hpp_profiles_shared_timestamp_seconds", "When profiles were last put into the store."
        )
        self.score = newest(own, "hpp_drift_score", "|mean - training mean| / training sd.", "feature")
        self.distance = newest(own, "hpp_drift_distance", "Kolmogorov-Smirnov distance.", "feature")
        self.detected = newest(own, "hpp_drift_detected", "1 if the feature has drifted.", "feature")
        self.verdict = newest(own, "hpp_drift_verdict", "1 for what the verdict is.", "status")
        self.judged = newest(own, "hpp_drift_judged_timestamp_seconds", "When the verdict was made.")
        self._shown: set[str] = set()
        self.live_error = LiveErrorMetrics(own)

    def show_verdict(self, profiles: Path) -> None:
        """Show the verdict on drift that the monitoring pipeline left, if there is one."""
        try:
            found, _ = read_verdict(profiles)
        except NoVerdictError:
            return
        columns = {column.name: column for column in found.columns}
        for gone in self._shown - columns.keys():  # another version has other features
            self.score.labels(gone).set(math.nan)
            self.distance.labels(gone).set(math.nan)
            self.detected.labels(gone).set(0)
        self._shown |= columns.keys()
        for column in found.columns:
            self.score.labels(column.name).set(math.nan if column.score is None else column.score)
            self.distance.labels(column.name).set(column.ks)
            self.detected.labels(column.name).set(column.drifted)
        for status in STATUSES:
            self.verdict.labels(status).set(found.status == status)
        self.judged.set(found.judged_at.timestamp())


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
