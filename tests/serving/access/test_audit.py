"""What is written down of refused calls."""

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.access import audit as module
from serving.access.audit import LINES_A_SECOND, Audit
from serving.client import Client
from serving.errors import LimitError, UnauthorizedError

DAY_S = 86_400
REFUSED = UnauthorizedError("no", "unknown")


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> float:
    """A moment at which the audit's clock stands."""
    moment = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
    monkeypatch.setattr(module.time, "time", lambda: moment)
    return moment


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.open()]


def test_a_line_says_who_was_refused_what_and_why(tmp_path: Path, noon: float) -> None:
    audit = Audit(tmp_path, 30)
    audit.record(LimitError("slow", 5, 3), Client("a1", "team-a", 5), "/predict", "10.0.0.1")
    audit.record(REFUSED, None, "/predict", "10.0.0.2")
    first, second = lines(tmp_path)
    assert first == {
        "time": "2026-11-24T12:00:00.000+00:00",
        "status": 429,
        "reason": "RATE_LIMITED",
        "fault": None,
        "path": "/predict",
        "client": "team-a",
        "key_id": "a1",
        "address": "10.0.0.1",
    }
    assert (second["status"], second["fault"], second["client"], second["key_id"]) == (401, "unknown", None, None)
    audit.close()


def test_a_flood_is_counted_and_not_written_line_by_line(tmp_path: Path, noon: float) -> None:
    audit = Audit(tmp_path, 30)
    for _ in range(10_000):
        audit.record(REFUSED, None, "/predict", "10.0.0.1")
    audit.close()
    *single, summary = lines(tmp_path)
    assert len(single) == LINES_A_SECOND
    assert summary["left_out"] == {"401": 10_000 - LINES_A_SECOND}


def test_the_counts_are_written_without_a_further_call(tmp_path: Path) -> None:
    audit = Audit(tmp_path, 30)
    for _ in range(5 * LINES_A_SECOND):
        audit.record(REFUSED, None, "/predict", "10.0.0.1")
    end = time.monotonic() + 10
    while not (told := sum(line.get("left_out", {}).get("401", 0) for line in lines(tmp_path))):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert told + sum("left_out" not in line for line in lines(tmp_path)) == 5 * LINES_A_SECOND
    audit.close()


def test_a_full_day_takes_counts_only(tmp_path: Path, noon: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_A_DAY", 100)
    audit = Audit(tmp_path, 30)
    for _ in range(3):
        audit.record(REFUSED, None, "/predict", "10.0.0.1")
    audit.close()
    first, summary = lines(tmp_path)
    assert first["status"] == 401
    assert summary["left_out"] == {"401": 2}


def test_each_utc_day_has_its_file_and_old_ones_go(
    tmp_path: Path, noon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = Audit(tmp_path, 2)
    for days in range(5):
        monkeypatch.setattr(module.time, "time", lambda days=days: noon + days * DAY_S)
        audit.record(REFUSED, None, "/predict", "10.0.0.1")
    audit.close()
    kept = ["refused-2026-11-26.jsonl", "refused-2026-11-27.jsonl", "refused-2026-11-28.jsonl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == kept


def test_what_a_caller_sends_cannot_break_or_swell_a_line(tmp_path: Path, noon: float) -> None:
    audit = Audit(tmp_path, 30)
    audit.record(REFUSED, None, '/\n"\ud800\x00' + "x" * 100_000, "a" * 100_000)
    audit.close()
    (line,) = lines(tmp_path)
    assert len(json.dumps(line)) < 1000


def test_workers_and_threads_write_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES_A_SECOND", 10**6)
    audits = [Audit(tmp_path, 30) for _ in range(3)]
    threads = [
        threading.Thread(target=lambda one=one: [one.record(REFUSED, None, "/p", "10.0.0.1") for _ in range(200)])
        for one in audits * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(tmp_path)) == 1200
    for audit in audits:
        audit.close()


def test_a_disk_that_takes_nothing_does_not_stop_the_refusal(tmp_path: Path) -> None:
    audit = Audit(tmp_path, 30)
    day = datetime.now(UTC).date().isoformat()
    (tmp_path / f"refused-{day}.jsonl").mkdir()
    audit.record(REFUSED, None, "/predict", "10.0.0.1")
    audit.close()
