"""The real server process over real HTTP."""

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving.process.processes import listeners
from serving.records.hourly import ENDING
from serving.records.profiles import read_hour
from tests.serving.conftest import PREDICTIONS, Client
from tests.serving_platform import USED, ServingPlatform, offline_prices


@pytest.fixture(scope="module")
def expected(serving_platform: ServingPlatform) -> list[float]:
    return offline_prices(serving_platform.bundles["1"], serving_platform.frame)


def test_all_houses_by_raw_features_cost_what_they_cost_offline(
    client: Client, serving_platform: ServingPlatform, expected: list[float]
) -> None:
    rows = [
        [None if math.isnan(value) else value for value in row]
        for row in serving_platform.frame[list(USED)].to_numpy().tolist()
    ]
    assert client.post({"data": {"names": USED, "ndarray": rows}}).prices == pytest.approx(expected, abs=1e-5)


def test_all_houses_by_id_cost_what_they_cost_offline(client: Client, expected: list[float]) -> None:
    rows = [[house] for house in range(len(expected))]
    assert client.post({"data": {"names": ["house_id"], "ndarray": rows}}).prices == pytest.approx(expected, abs=1e-5)


def test_look_ups_from_many_threads_mix_up_no_houses(client: Client, expected: list[float]) -> None:
    def ask(house: int) -> float:
        return client.post({"data": {"names": ["house_id"], "ndarray": [[house]]}}).prices[0]

    houses = [number % len(expected) for number in range(0, 7 * 400, 7)]
    with ThreadPoolExecutor(16) as pool:
        prices = list(pool.map(ask, houses))
    assert prices == pytest.approx([expected[house] for house in houses], abs=1e-5)


def test_health_and_readiness_are_answered(client: Client) -> None:
    assert client.call("GET", "/health/live").json == {"status": "live"}
    assert client.call("GET", "/health/ready").json == {"status": "ready", "model": "house-price", "version": "1"}


@pytest.mark.parametrize(
    ("method", "path", "body", "media_type", "status"),
    [
        ("POST", PREDICTIONS, b"{NaN", "application/json", 400),
        ("POST", "/nowhere", b"{}", "application/json", 404),
        ("GET", PREDICTIONS, None, "application/json", 405),
        ("POST", PREDICTIONS, b" " * (4 * 1024 * 1024 + 1), "application/json", 413),
        ("POST", PREDICTIONS, b"{}", "text/csv", 415),
        ("POST", PREDICTIONS, b"{}", "application/json", 422),
    ],
)
def test_faults_have_their_status_and_the_one_shape(
    client: Client, method: str, path: str, body: bytes | None, media_type: str, status: int
) -> None:
    reply = client.call(method, path, body, content_type=media_type)
    assert reply.status == status
    assert reply.json["status"]["code"] == status


def test_a_body_without_a_declared_length_is_read(client: Client) -> None:
    import http.client

    connection = http.client.HTTPConnection(client.service.host, client.service.port, timeout=30)
    try:
        chunks = [b'{"data": {"names": ["house_id"],', b' "ndarray": [[1]]}}']
        headers = {"Content-Type": "application/json", "X-API-Key": client.key}
        connection.request("POST", PREDICTIONS, iter(chunks), headers, encode_chunked=True)
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def test_the_metrics_count_the_rows_of_all_workers(client: Client) -> None:
    def rows() -> float:
        return figures(client)["hpp_rows_total"]

    before = rows()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.post({"data": {"names": ["house_id"], "ndarray": [[n], [n]]}}), range(30)))
    assert rows() == before + 60


def figures(client: Client) -> dict[str, float]:
    lines = client.call("GET", "/metrics").body.decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_the_metrics_say_what_is_served_since_when_and_what_is_under_way(client: Client) -> None:
    shown = figures(client)
    assert shown['hpp_model_info{feature_service="house_price_v1",model="house-price",version="1"}'] == 1
    assert 0 < time.time() - shown["hpp_start_time_seconds"] < 3600
    assert shown["hpp_in_flight"] >= 1  # this very question


def test_reads_of_the_online_store_and_outcomes_are_counted(client: Client) -> None:
    before = figures(client)
    assert client.post({"data": {"names": ["house_id"], "ndarray": [[500]]}}).status == 200
    assert client.post({"data": {"names": ["house_id"], "ndarray": [[-7]]}}).status == 404
    assert client.call("GET", "/some/path").status == 404
    after = figures(client)
    counted = {name for name in after if name.startswith("hpp_requests_total") and after[name] > before.get(name, 0)}
    found = {('path="' + path + '"', f'code="{code}"') for path, code in ((PREDICTIONS, 200), (PREDICTIONS, 404))}
    for path, code in found | {('path="other"', 'code="404"')}:
        assert any(path in name and code in name for name in counted)
    assert after["hpp_lookup_seconds_count"] > before["hpp_lookup_seconds_count"]


def test_the_metrics_port_shows_the_same_figures(client: Client, metrics_port: int) -> None:
    import urllib.error
    import urllib.request

    deadline = time.monotonic() + 60
    while not listeners(metrics_port) and time.monotonic() < deadline:  # it opens a little after the service
        time.sleep(0.1)
    text = urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10).read()
    assert b"hpp_rows_total" in text
    assert b"feast_" not in text
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/x", timeout=10)


def test_every_served_row_but_those_of_probes_is_in_a_whylogs_profile(client: Client, profiles_dir: Path) -> None:
    client.post({"data": {"names": ["house_id"], "ndarray": [[1], [2], [3]]}})
    client.post({"data": {"names": ["house_id"], "ndarray": [[4]]}, "meta": {"tags": {"probe": True}}})
    lines = [json.loads(line) for path in (profiles_dir / "spool").glob(f"*{ENDING}") for line in path.open()]
    served = [line for line in lines if "rows" in line and not line.get("probe")]
    assert any(line.get("probe") for line in lines)
    wanted = sum(len(line["rows"]) for line in served)
    deadline = time.monotonic() + 30
    while (found := counted(profiles_dir)) < wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == wanted
    while (shown := figures(client)).get("hpp_rows_profiled_total", 0) < wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    assert shown["hpp_rows_profiled_total"] >= wanted
    while shown["hpp_profile_backlog_bytes"] and time.monotonic() < deadline:
        time.sleep(0.2)
        shown = figures(client)
    assert shown["hpp_profile_backlog_bytes"] == 0


def counted(profiles_dir: Path) -> int:
    views = [read_hour(folder) for folder in (profiles_dir / "v1").glob("*")]
    return sum(int(view.get_column("MEDV").get_metric("counts").n.value) for view in views if view is not None)
