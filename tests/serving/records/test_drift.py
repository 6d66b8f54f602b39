"""What the service says of drift, from the file that the monitoring pipeline leaves."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.errors import NoVerdictError
from serving.metrics import ProfileMetrics
from serving.protocol.front import Front
from serving.records.drift import VERDICT, current_verdict

JUDGED = datetime(2026, 11, 25, 10, tzinfo=UTC)


def verdict(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": "drifted",
        "window": {"version": "7", "rows": 300, "model": "house-price"},
        "columns": [{"name": "RM", "score": 1.2, "ks": 0.4, "drifted": True, "p_mean": 0.0}],
        "judged_at": JUDGED.isoformat(),
        "next_within_seconds": 3600,
        "root_cause": {"effects": [], "callers": [{"client": "acme"}]},
    }
    return found | changes


def write(folder: Path, found: dict[str, Any]) -> Path:
    (folder / VERDICT).write_text(json.dumps(found))
    return folder


def test_the_verdict_is_told_with_its_age_and_without_the_clients_names(tmp_path: Path) -> None:
    told = current_verdict(write(tmp_path, verdict()), "7", JUDGED.timestamp() + 90)
    assert (told["status"], told["age_seconds"], told["stale"], told["of_the_version_that_serves"]) == (
        "drifted",
        90,
        False,
        True,
    )
    assert told["columns"][0]["p_mean"] == 0
    assert "acme" not in json.dumps(told)


def test_a_verdict_of_another_version_or_of_long_ago_says_so(tmp_path: Path) -> None:
    told = current_verdict(write(tmp_path, verdict()), "8", JUDGED.timestamp() + 7201)
    assert (told["stale"], told["of_the_version_that_serves"]) == (True, False)


def test_without_a_verdict_the_answer_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NoVerdictError, match="monitoring_pipeline"):
        current_verdict(tmp_path, "7")


@pytest.mark.parametrize("text", ["", "[]", '{"status": "drifted"}'])
def test_a_file_that_is_no_verdict_is_told_as_such(tmp_path: Path, text: str) -> None:
    (tmp_path / VERDICT).write_text(text)
    with pytest.raises(NoVerdictError, match="is no verdict"):
        current_verdict(tmp_path, "7")


@pytest.fixture
def written(front: Front) -> Iterator[None]:
    """A verdict in the folder of the application in this process."""
    folder = front.model.settings.profiles_dir
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, verdict())
    yield
    (folder / VERDICT).unlink()


def get(front: Front, path: str) -> tuple[int, Any]:
    answers: list[str] = []
    body = b"".join(
        front({"PATH_INFO": path, "REQUEST_METHOD": "GET"}, lambda status, _headers: answers.append(status))
    )
    return int(answers[0].split()[0]), json.loads(body)


def test_the_service_answers_404_until_there_is_a_verdict(front: Front) -> None:
    code, body = get(front, "/drift")
    assert (code, body["status"]["reason"]) == (404, "NO_DRIFT_VERDICT")


def test_the_service_answers_with_the_verdict_and_asks_for_no_key(front: Front, written: None) -> None:
    code, body = get(front, "/drift")
    assert (code, body["status"], body["of_the_version_that_serves"]) == (200, "drifted", False)


def test_prometheus_sees_the_verdict_and_forgets_the_features_of_another_version(tmp_path: Path) -> None:
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    figures = ProfileMetrics(registry)
    figures.show_verdict(tmp_path)  # there is none
    figures.show_verdict(write(tmp_path, verdict()))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"hpp_drift_{name}", labels)

    assert (value("score", feature="RM"), value("detected", feature="RM")) == (1.2, 1)
    assert [value("verdict", status=status) for status in ("drifted", "stable", "not enough data")] == [1, 0, 0]
    assert value("judged_timestamp_seconds") == JUDGED.timestamp()
    figures.show_verdict(write(tmp_path, verdict(status="stable", columns=[])))
    assert (value("detected", feature="RM"), value("verdict", status="drifted")) == (0, 0)
