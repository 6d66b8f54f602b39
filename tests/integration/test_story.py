"""A day in the life of the platform, as `make story` tells it, with one quick experiment instead of a search."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.service import RECORD_PREFIX
from zenml_config.environment import ROOT

CHAPTERS = [
    *("morning", "features", "training", "deployment", "traffic", "sales", "monitoring"),
    *("the shift", "sales", "features", "monitoring", "retraining", "canary", "true prices", "promotion"),
    *("back door", "canary", "ROLLBACK", "after it"),
]
ALERTS = {"DriftDetected", "RetrainingStarted", "RetrainingDone", "RolloutStarted", "RolloutBetter", "RolloutPromoted"}
ALERTS |= {"RolloutRolledBack"}


def quick_plot(folder: Path) -> Path:
    """The plot of `make story` without its search."""
    plot = yaml.safe_load((ROOT / "zenml_config" / "story.yaml").read_text())
    training = plot["pipelines"]["training"]
    training["experiments"] = [one for one in training["experiments"] if not one["search"]]
    path = folder / "plot.yaml"
    path.write_text(yaml.safe_dump(plot))
    return path


@pytest.mark.integration
@pytest.mark.timeout(1800)
def test_a_shifted_neighbourhood_leads_to_a_promotion_and_a_poisoned_model_to_a_rollback_and_no_request_fails(
    tmp_path: Path,
) -> None:
    var = tmp_path / "story"
    command = [sys.executable, "-m", "pipelines.story", "--var", str(var), "--plot", str(quick_plot(tmp_path))]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    story: dict[str, Any] = json.loads((var / "timeline.json").read_text())
    events = {event["chapter"]: event["figures"] for event in story["events"]}  # of several the last one
    assert [event["chapter"] for event in story["events"] if event["chapter"] != "alert"] == CHAPTERS
    assert {event["figures"]["name"] for event in story["events"] if event["chapter"] == "alert"} >= ALERTS
    assert events["monitoring"]["first"] == events["monitoring"]["drifted"][0] == "NOX"
    assert events["true prices"]["truths"] >= 50
    assert events["true prices"]["gain"] > 0
    assert 0 < events["ROLLBACK"]["houses"] <= 50
    calls = story["calls"]["total"]
    assert (story["went_well"], calls["failed"], set(calls["by_status"])) == (True, 0, {"200"})
    assert set(story["calls"]["phases"]["canary"]["rows_by_version"]) == {"1", "2"}
    assert set(story["calls"]["phases"]["after"]["rows_by_version"]) == {"2"}
    audit = [json.loads(line) for line in (var / "audit" / "rollout.jsonl").read_text().splitlines()]
    assert [(one["challenger"], one["event"]) for one in audit] == [
        *(("2", event) for event in ("started", "better", "promoted")),
        *(("3", event) for event in ("started", "rolled_back")),
    ]
    assert not list((var / "run").glob(f"{RECORD_PREFIX}*.json"))  # its service is stopped
    for line in ("failed: 0", "The day went as it should"):
        assert line in done.stdout
