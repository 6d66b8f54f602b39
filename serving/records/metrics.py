"""The figures of the error against true prices for Prometheus.

They are registered as those of `serving.metrics` are, which says what has to be set before.
"""

import math
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from serving.errors import NoVerdictError
from serving.records.live_error import STATUSES, Figure, LiveError, Version, read_live_error


def newest(registry: CollectorRegistry, name: str, text: str, *labels: str) -> Gauge:
    """A gauge of which the value that was set last counts, whichever process set it."""
    return Gauge(name, text, labels, registry=registry, multiprocess_mode="livemostrecent")


class LiveErrorMetrics:
    """The figures of the error against true prices, by model version.

    Args:
        registry: where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        by_version = ("version", "end")
        self.figures = {
            "rmse": newest(registry, "hpp_live_error_rmse", "Root mean squared error, with its ends.", *by_version),
            "mae": newest(registry, "hpp_live_error_mae", "Mean absolute error, with its ends.", *by_version),
            "bias": newest(registry, "hpp_live_error_bias", "Mean of predicted less true price.", *by_version),
            "r2": newest(registry, "hpp_live_error_r2", "Explained share of the variance.", *by_version),
            "coverage": newest(registry, "hpp_live_error_coverage", "True prices in their intervals.", *by_version),
        }
        self.rows = newest(registry, "hpp_live_error_rows", "Predictions with a true price.", "version")
        self.verdict = newest(registry, "hpp_live_error_verdict", "1 for what it is.", "version", "status")
        self.estimate = newest(registry, "hpp_live_error_estimated_mae", "Estimated before the truth.", "version")
        self.judged = newest(registry, "hpp_live_error_judged_timestamp_seconds", "When the verdict was made.")
        self._shown: set[str] = set()

    def show(self, profiles: Path) -> None:
        """Show the verdict that the monitoring pipeline left, if there is one."""
        try:
            found, _ = read_live_error(profiles)
        except NoVerdictError:
            return
        versions = {one.version: one for one in found.versions}
        for version in self._shown | versions.keys():
            self._show(version, versions.get(version))
        self._shown |= versions.keys()
        self._estimate(found)
        self.judged.set(found.judged_at.timestamp())

    def _show(self, version: str, one: Version | None) -> None:
        """Show a version, or that it has no true price in the window any more."""
        for name, gauge in self.figures.items():
            figure: Figure | None = None if one is None else getattr(one, name)
            for end in ("value", "low", "high"):
                gauge.labels(version, end).set(math.nan if figure is None else getattr(figure, end))
        self.rows.labels(version).set(0 if one is None else one.rows)
        for status in STATUSES:
            self.verdict.labels(version, status).set(one is not None and one.status == status)

    def _estimate(self, found: LiveError) -> None:
        for version in self._shown:
            is_meant = version == found.version and found.estimate is not None
            self.estimate.labels(version).set(found.estimate.mae if is_meant and found.estimate else math.nan)
