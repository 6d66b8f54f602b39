"""The story's timeline, and the end of its day."""

import io
import json
from pathlib import Path

import pytest

from pipelines.story.calls import Calls, Failure, Tally
from pipelines.story.summary import summarize
from pipelines.story.timeline import WIDTH, Timeline


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def timeline(screen: io.StringIO, tmp_path: Path) -> Timeline:
    return Timeline(screen, tmp_path / "timeline.json")


def tally(**changes: int) -> Tally:
    return Tally(requests=3, by_status={"200": 3}, by_version={"1": 2}, rows_by_version={"1": 9}, truths=1, **changes)


def test_an_event_is_shown_in_lines_that_fit_and_kept_with_its_figures(
    timeline: Timeline, screen: io.StringIO, tmp_path: Path
) -> None:
    timeline.tell("drift", "word " * 60, rows=1200)
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "drift" in lines[0]
    assert sum(line.count("word") for line in lines) == 60
    (event,) = json.loads((tmp_path / "timeline.json").read_text())["events"]
    assert (event["chapter"], event["figures"]) == ("drift", {"rows": 1200})


def test_a_day_without_a_fault_or_a_failed_request_went_well(
    timeline: Timeline, screen: io.StringIO, tmp_path: Path
) -> None:
    assert summarize(timeline, Calls(total=tally(), phases={"healthy": tally()}, failures=[]), "")
    assert "3 requests, 9 prices and 1 true prices; failed: 0" in screen.getvalue()
    kept = json.loads((tmp_path / "timeline.json").read_text())
    assert kept["went_well"] is True
    assert kept["calls"]["total"]["by_status"] == {"200": 3}


@pytest.mark.parametrize(("calls", "fault"), [(tally(failed=1), ""), (tally(), "No drift."), (Tally(), "")])
def test_a_failed_request_or_chapter_or_no_request_at_all_is_no_good_day(
    timeline: Timeline, screen: io.StringIO, calls: Tally, fault: str
) -> None:
    failures = [Failure(0.0, "features", "503: full")] if calls.failed else []
    assert not summarize(timeline, Calls(total=calls, phases={}, failures=failures), fault)
    assert "did NOT go as it should" in screen.getvalue()
    assert ("503: full" in screen.getvalue()) == bool(calls.failed)
