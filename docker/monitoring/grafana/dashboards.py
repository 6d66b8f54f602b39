"""The dashboards of Grafana: `python docker/monitoring/grafana/dashboards.py` writes them to dashboards/.

A panel is a title, a unit of Grafana's, and queries with their legends; a test asks a real Prometheus each of them.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT, IN_A_ROW = 8, 8, 3  # of 24 columns
# The version that an instance serves; while it rolls there are two, and a join takes one only.
VERSION = "on (instance) group_left (version) topk by (instance) (1, hpp_model_info)"


@dataclass(frozen=True)
class Panel:
    """A panel.

    Attributes:
        queries: PromQL and the legend of its series.
        says: what a reader should make of it.
    """

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    says: str = ""


def quantile(share: float, histogram: str) -> str:
    """The quantile of a histogram of the service."""
    return f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket[$__rate_interval])))"


def rate(counter: str, by: str = "") -> str:
    """Events a second of a counter, over all instances or by labels."""
    return f"sum{f' by ({by})' if by else ''} (rate({counter}[$__rate_interval]))"


SERVICE = (
    Panel("Requests by status", "reqps", [(rate("hpp_requests_total", "code"), "{{code}}")]),
    Panel(
        "Errors", "percentunit", [("hpp:requests:error_ratio_rate5m", "5xx of all, 5 min")], "Our objective is 0.1 %."
    ),
    Panel("Rows priced", "short", [(rate("hpp_rows_total", "instance"), "{{instance}}")], "A second."),
    Panel(
        "Time of a prediction",
        "s",
        [(quantile(q, "hpp_prediction_seconds"), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)],
    ),
    Panel(
        "Time of a prediction by version, p99",
        "s",
        [
            (
                "histogram_quantile(0.99, sum by (le, version) "
                f"(rate(hpp_prediction_seconds_bucket[$__rate_interval]) * {VERSION}))",
                "version {{version}}",
            )
        ],
    ),
    Panel(
        "Time of a look-up",
        "s",
        [(quantile(q, "hpp_lookup_seconds"), f"p{q * 100:g}") for q in (0.5, 0.99)],
        "Reads of the online store; answers from the cache are not among them.",
    ),
    Panel("Requests being answered", "short", [("sum by (instance) (hpp_in_flight)", "{{instance}}")]),
    Panel(
        "Refused: keys and limits",
        "reqps",
        [
            ('sum(rate(hpp_requests_total{code="401"}[$__rate_interval])) or vector(0)', "no or wrong key"),
            ('sum(rate(hpp_requests_total{code="429"}[$__rate_interval])) or vector(0)', "over the limit"),
        ],
    ),
    Panel(
        "Workers started", "short", [("sum by (instance) (increase(hpp_worker_starts_total[1h]))", "{{instance}}, 1 h")]
    ),
    Panel(
        "What is served", "short", [("count by (version) (hpp_model_info)", "version {{version}}")], "Instances of it."
    ),
    Panel("Up for", "s", [("time() - hpp_start_time_seconds", "{{instance}}")]),
    Panel(
        "Records behind",
        "bytes",
        [
            ("sum by (instance) (hpp_profile_backlog_bytes)", "{{instance}}"),
            ("sum(increase(hpp_rows_not_recorded_total[1h]))", "rows that were not recorded, 1 h"),
        ],
    ),
    Panel(
        "Gateway: answers",
        "reqps",
        [('sum by (code) (rate(haproxy_frontend_http_responses_total{proxy="secure"}[$__rate_interval]))', "{{code}}")],
    ),
    Panel(
        "Gateway: services in use",
        "short",
        [('haproxy_backend_active_servers{proxy="service"}', "{{instance}}")],
        "Two, and one while a copy is replaced.",
    ),
    Panel("Gateway: connections", "short", [('haproxy_frontend_current_sessions{proxy="secure"}', "{{instance}}")]),
)

ENDS = [("value", "RMSE"), ("low", "low"), ("high", "high")]
MODEL = (
    Panel("Verdict on drift", "short", [("max by (status) (hpp_drift_verdict)", "{{status}}")]),
    Panel(
        "Distance to training, by feature",
        "short",
        [("max by (feature) (hpp_drift_distance)", "{{feature}}")],
        "Kolmogorov-Smirnov.",
    ),
    Panel(
        "Shift of the mean, by feature",
        "short",
        [("max by (feature) (hpp_drift_score)", "{{feature}}")],
        "In standard deviations of training.",
    ),
    Panel("Features that have drifted", "short", [("max by (feature) (hpp_drift_detected)", "{{feature}}")]),
    Panel(
        "Age of the verdicts",
        "s",
        [
            ("time() - max(hpp_drift_judged_timestamp_seconds)", "drift"),
            ("time() - max(hpp_live_error_judged_timestamp_seconds)", "live error"),
        ],
    ),
    Panel(
        "Verdict on the live error",
        "short",
        [("max by (version, status) (hpp_live_error_verdict)", "version {{version}}: {{status}}")],
    ),
    Panel(
        "Live error",
        "short",
        [
            (f'max by (version) (hpp_live_error_rmse{{end="{end}"}})', f"version {{{{version}}}} {name}")
            for end, name in ENDS
        ],
        "Root mean squared error against true prices, in thousands of dollars, with the ends of its interval.",
    ),
    Panel(
        "Mean absolute error, and what it is estimated at before the truth comes",
        "short",
        [
            ('max by (version) (hpp_live_error_mae{end="value"})', "version {{version}}"),
            ("max by (version) (hpp_live_error_estimated_mae)", "version {{version}}, estimated"),
        ],
    ),
    Panel(
        "True prices within the interval",
        "percentunit",
        [('max by (version) (hpp_live_error_coverage{end="value"})', "version {{version}}")],
        "0.9 is promised.",
    ),
    Panel(
        "Bias",
        "short",
        [('max by (version) (hpp_live_error_bias{end="value"})', "version {{version}}")],
        "Predicted less true, in thousands of dollars.",
    ),
    Panel(
        "Predictions with a true price",
        "short",
        [
            ("max by (version) (hpp_live_error_rows)", "version {{version}}"),
            ("sum(increase(hpp_feedback_total[1h]))", "feedback calls, 1 h"),
        ],
    ),
    Panel(
        "Share of a challenger",
        "percentunit",
        [("max by (challenger, mode) (hpp_rollout_share)", "version {{challenger}} ({{mode}})")],
    ),
    Panel(
        "Evidence about a challenger",
        "short",
        [("max by (challenger, test) (hpp_rollout_e_value)", "version {{challenger}}: {{test}}")],
        "An e-value; it decides at 1/alpha.",
    ),
    Panel(
        "Rows priced by a challenger",
        "short",
        [(rate("hpp_challenger_rows_total", "version, mode"), "version {{version}} ({{mode}})")],
    ),
    Panel(
        "Troubles of a challenger",
        "short",
        [
            ("sum by (version) (increase(hpp_challenger_faults_total[1h]))", "version {{version}}: faults, 1 h"),
            ("sum(increase(hpp_challenger_requests_skipped_total[1h]))", "requests skipped, 1 h"),
            ("sum by (event) (increase(hpp_rollout_events_total[1h]))", "{{event}}, 1 h"),
        ],
    ),
)
DASHBOARDS = {"service": ("House prices: the service", SERVICE), "model": ("House prices: the model", MODEL)}


def document(name: str) -> str:
    """A dashboard as Grafana reads it."""
    title, panels = DASHBOARDS[name]
    body = {
        "uid": f"house-prices-{name}",
        "title": title,
        "tags": ["house-prices"],
        "schemaVersion": 39,
        "timezone": "utc",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_panel(at, panel) for at, panel in enumerate(panels)],
    }
    return json.dumps(body, indent=1) + "\n"


def _panel(at: int, panel: Panel) -> dict[str, Any]:
    queries = [
        {"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": query, "legendFormat": legend}
        for number, (query, legend) in enumerate(panel.queries)
    ]
    return {
        "id": at + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": {"x": at % IN_A_ROW * WIDTH, "y": at // IN_A_ROW * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": {"fillOpacity": 10}}, "overrides": []},
        "targets": queries,
    }


if __name__ == "__main__":
    for wanted in DASHBOARDS:
        (FOLDER / f"{wanted}.json").write_text(document(wanted))
        sys.stdout.write(f"{FOLDER / wanted}.json\n")
