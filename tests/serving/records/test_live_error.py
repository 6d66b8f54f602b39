"""What the service says of the live error, from the file that the monitoring pipeline leaves."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from serving.errors import NoVerdictError
from serving.protocol.front import Front
from serving.records.drift import VERDICT
from serving.records.live_error import LIVE_ERROR, current_live_error, read_live_error
from serving.records.metrics import LiveErrorMetrics
from tests.serving.records.test_drift import get
from tests.serving.records.test_drift import verdict as drift_verdict

JUDGED = datetime(2026, 11, 25, 10, tzinfo=UTC)
FIGURE = {"value": 2.5, "low": 2.0, "high": 3.0}


def version(name: str = "7", **changes: Any) -> dict[str, Any]:
    figures: dict[str, Any] = dict.fromkeys(("rmse", "mae", "bias", "r2", "coverage"))
    return {"version": name, "rows": 60, "status": "as promised", **figures, "mae": FIGURE, **changes}


def error(*versions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": "as promised",
        "version": "7",
        "versions": list(versions or (version(),)),
        "callers": [{"client": "acme"}],
        "judged_at": JUDGED.isoformat(),
        "next_within_seconds": 3600,
        "estimate": {"mae": 2.25, "rmse": 3.25},
    }
    return found | changes


def write(folder: Path, found: dict[str, Any]) -> Path:
    (folder / LIVE_ERROR).write_text(json.dumps(found))
    return folder


def test_the_verdict_is_told_with_its_age_and_without_the_clients_names(tmp_path: Path) -> None:
    told = current_live_error(write(tmp_path, error()), "7", JUDGED.timestamp() + 7201)
    assert told is not None
    assert (told["age_seconds"], told["stale"], told["of_the_version_that_serves"]) == (7201, True, True)
    assert "acme" not in json.dumps(told)


@pytest.mark.parametrize("text", ["", "[]", '{"status": "as promised"}'])
def test_a_file_that_is_no_verdict_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / LIVE_ERROR).write_text(text)
    assert current_live_error(tmp_path, "7") is None
    with pytest.raises(NoVerdictError, match="is no verdict"):
        read_live_error(tmp_path)


def test_the_drift_route_tells_the_live_error_too(front: Front) -> None:
    folder = front.model.settings.profiles_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / VERDICT).write_text(json.dumps(drift_verdict()))
    try:
        assert get(front, "/drift")[1]["live_error"] is None
        write(folder, error())
        assert get(front, "/drift")[1]["live_error"]["status"] == "as promised"
    finally:
        for name in (VERDICT, LIVE_ERROR):
            (folder / name).unlink(missing_ok=True)


def test_prometheus_sees_each_version_and_forgets_those_without_true_prices(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    figures = LiveErrorMetrics(registry)
    figures.show(tmp_path)  # there is none
    figures.show(write(tmp_path, error(version("7"), version("8", status="worse than promised"))))

    def value(name: str, **labels: str) -> float:
        found = registry.get_sample_value(f"hpp_live_error_{name}", labels)
        assert found is not None
        return found

    assert [value("mae", version="7", end=end) for end in ("low", "value", "high")] == [2.0, 2.5, 3.0]
    assert math.isnan(value("rmse", version="7", end="value"))
    assert value("verdict", version="8", status="worse than promised") == 1
    assert (value("estimated_mae", version="7"), value("rows", version="8")) == (2.25, 60)
    assert math.isnan(value("estimated_mae", version="8"))
    assert value("judged_timestamp_seconds") == JUDGED.timestamp()
    figures.show(write(tmp_path, error(version("8"), version="8", estimate=None)))
    assert (value("rows", version="7"), value("verdict", version="7", status="as promised")) == (0, 0)
    assert math.isnan(value("mae", version="7", end="value"))
    assert math.isnan(value("estimated_mae", version="8"))
