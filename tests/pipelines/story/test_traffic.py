"""The story's caller, and whoever is on call in it."""

import json
import urllib.request
from pathlib import Path

import pytest

from pipelines.story.caller import Pace
from pipelines.story.calls import Tally
from pipelines.story.plot import StoryError
from pipelines.story.receiver import on_call
from pipelines.story.traffic import Traffic, rows_of
from serving import service
from serving.records.feedback import read_feedback
from serving.records.hourly import FEEDBACK
from serving.settings import Settings
from tests.ports import free_port
from tests.serving_platform import USED, ServingPlatform

PACE = Pace(requests_a_second=200, batches=(5, 3), most_requests=2000, truth_delay_seconds=0.1, seed=1)


def test_it_asks_tells_true_prices_once_and_counts_what_has_no_right_answer(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path
) -> None:
    started = service.start(serving_platform.bundles["1"], serving_settings)
    traffic = Traffic(tmp_path / "caller", PACE)
    try:
        traffic.start(started.url, serving_platform.key, "first", serving_platform.frame.head(50), list(USED))
        traffic.sell({3: 21.0, 7: 30.5})
        traffic.until(lambda now: now.truths >= 2 and now.rows >= 200, "prices")
        traffic.change(phase="second")
        second = traffic.until(lambda now: now.rows >= 100, "prices")
        assert (second.failed, second.truths, set(second.by_version)) == (0, 0, {"1"})
        told = read_feedback(serving_settings.profiles_dir / FEEDBACK)
        assert {(one.house_id, one.truth) for one in told} == {(3, 21.0), (7, 30.5)}
        assert all(one.receipt for one in told)
        first = traffic.calls.phases["first"]
        assert (first.failed, first.by_status) == (0, {"200": first.requests})

        service.stop(started, serving_settings)
        traffic.until(lambda now: now.by_status.get("no reply", 0) > 5, "failures")
        with pytest.raises(StoryError, match=r"Waited 0\.5 s for the impossible"):
            traffic.until(lambda now: now.rows < 0, "the impossible", 0.5)
    finally:
        calls = traffic.stop()
    total = calls.total
    assert total.failed == total.by_status["no reply"]
    assert total.requests == sum(total.by_status.values())
    assert calls.failures[0].kind in ("one house id", "a batch of house ids", "features")
    with pytest.raises(StoryError, match="has ended before anything"):
        traffic.until(lambda now: False, "anything")


def test_before_anything_is_counted_there_is_nothing(tmp_path: Path) -> None:
    assert Traffic(tmp_path, PACE).phase == Tally()


def test_a_missing_value_is_none_in_the_rows_that_are_sent(serving_platform: ServingPlatform) -> None:
    rows = rows_of(serving_platform.frame.head(4), ["CRIM", "RM"])
    assert rows[3] == [None, serving_platform.frame["RM"][3]]


def test_an_alert_that_comes_twice_is_told_once() -> None:
    told: list[str] = []
    address = f"http://127.0.0.1:{free_port()}/alerts"
    with on_call(address, lambda message: told.append(message["name"])):
        for id_ in ("a", "a", "b"):
            body = json.dumps({"id": id_, "name": f"alert {id_}"}).encode()
            with urllib.request.urlopen(urllib.request.Request(address, body), timeout=10) as reply:
                assert reply.status == 204
    assert told == ["alert a", "alert b"]
