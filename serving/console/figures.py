"""The service's Prometheus figures as the few numbers that the page shows."""

import math
from collections import defaultdict
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

GAUGES = {
    "hpp_in_flight": "in_flight",
    "hpp_start_time_seconds": "started",
    "hpp_rows_total": "rows",
    "hpp_rows_not_recorded_total": "rows_lost",
    "hpp_profile_backlog_bytes": "backlog_bytes",
    "hpp_prediction_seconds_sum": "prediction_seconds",
}


def read_figures(text: str) -> dict[str, Any]:
    """The figures by name; the page takes the differences of two readings for rates.

    `requests`: a list of `{path, code, count}`. `latency`: the histogram of the predictions, `[upper end in seconds or
    null, predictions up to it]`, ascending. `rollout`: `{champion, challenger, mode, share}` while a challenger is
    tried, and `evidence`: its e-value by test. `model`: what is served. The rest are single numbers; what the service
    does not show is left out.
    """
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    named: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if math.isfinite(sample.value):
            named[sample.name].append(sample)
    found: dict[str, Any] = {name: named[metric][0].value for metric, name in GAUGES.items() if named[metric]}
    found["requests"] = [{**one.labels, "count": one.value} for one in named["hpp_requests_total"]]
    found["latency"] = _buckets(named["hpp_prediction_seconds_bucket"])
    found["model"] = next((one.labels for one in named["hpp_model_info"] if one.value), None)
    found["rollout"] = _rollout(named["hpp_rollout_share"])
    challenger = (found["rollout"] or {}).get("challenger")
    weighed = (one for one in named["hpp_rollout_e_value"] if one.labels["challenger"] == challenger)
    found["evidence"] = {one.labels["test"]: one.value for one in weighed}
    return found


def _buckets(samples: list[Sample]) -> list[tuple[float | None, float]]:
    ends = sorted((float(one.labels["le"]), one.value) for one in samples)
    return [(end if math.isfinite(end) else None, count) for end, count in ends]


def _rollout(samples: list[Sample]) -> dict[str, Any] | None:
    """A share of 0 is that of a rollout which is over."""
    return next(({**one.labels, "share": one.value} for one in samples if one.value > 0), None)
