"""Prometheus' text as the page's numbers."""

from serving.console.figures import read_figures

TEXT = """\
# TYPE hpp_requests_total counter
hpp_requests_total{code="200",path="/api/v1.0/predictions"} 7.0
hpp_requests_total{code="401",path="/api/v1.0/predictions"} 2.0
# TYPE hpp_prediction_seconds histogram
hpp_prediction_seconds_bucket{le="+Inf"} 9.0
hpp_prediction_seconds_bucket{le="0.01"} 8.0
hpp_prediction_seconds_bucket{le="0.001"} 5.0
hpp_prediction_seconds_sum 0.25
hpp_prediction_seconds_count 9.0
# TYPE hpp_in_flight gauge
hpp_in_flight 1.0
# TYPE hpp_drift_score gauge
hpp_drift_score{feature="RM"} NaN
# TYPE hpp_rollout_share gauge
hpp_rollout_share{champion="1",challenger="2",mode="canary"} 0.0
hpp_rollout_share{champion="1",challenger="3",mode="shadow"} 1.0
# TYPE hpp_rollout_e_value gauge
hpp_rollout_e_value{challenger="2",test="drift"} 400.0
hpp_rollout_e_value{challenger="3",test="drift"} 0.5
"""


def test_requests_latency_and_single_figures_are_read() -> None:
    found = read_figures(TEXT)
    assert [one["count"] for one in found["requests"]] == [7, 2]
    assert found["requests"][0]["path"] == "/api/v1.0/predictions"
    assert found["latency"] == [(0.001, 5), (0.01, 8), (None, 9)]
    assert (found["in_flight"], found["prediction_seconds"]) == (1, 0.25)


def test_only_the_rollout_that_is_under_way_is_told_with_its_own_evidence() -> None:
    found = read_figures(TEXT)
    assert found["rollout"] == {"champion": "1", "challenger": "3", "mode": "shadow", "share": 1.0}
    assert found["evidence"] == {"drift": 0.5}


def test_figures_that_are_not_there_are_left_out() -> None:
    found = read_figures("")
    assert found == {"requests": [], "latency": [], "model": None, "rollout": None, "evidence": {}}
