"""The offline join's benchmark, on few houses, and its table."""

from pathlib import Path

import pytest

from benchmarks import features
from benchmarks.document import markers, renewed, section
from benchmarks.feature_report import NAME, markdown, screen
from benchmarks.feature_results import PLACE, Figure, Part, read
from benchmarks.offline_subjects import OURS, RAW
from zenml_config.environment import ROOT

MACHINE = {"cores": "2", "cpu": "a CPU", "system": "Linux", "python": "3.12.1", "load_before": "0.5"}


def part(*figures: Figure) -> Part:
    return Part(features.PART, "2026-11-24", 3, MACHINE, list(figures))


def test_a_small_run_keeps_a_figure_for_every_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SUBJECTS", (RAW, OURS))
    place = tmp_path / "features.json"
    monkeypatch.setattr("sys.argv", ["features", "--houses", "60", "--rounds", "1", "--output", str(place)])
    environment = ("HPP_VAR_DIR", "HPP_OFFLINE_DIR", "HPP_REGISTRY")
    for name in environment:
        monkeypatch.setenv(name, "")  # put back at the end
    features.main()
    (kept,) = read(place)
    assert [(one.subject, one.rows, one.note) for one in kept.figures] == [(RAW, 60, ""), (OURS, 60, "")]
    assert all(one.seconds and one.peak_mb for one in kept.figures)


def test_the_table_has_the_ratios_to_the_raw_join_and_says_why_a_figure_is_missing() -> None:
    raw = Figure(features.PART, RAW, RAW, 10, 10, 1.0, 2.0, 100.0, 50.0)
    ours = Figure(features.PART, OURS, RAW, 10, 10, 1.5, 2.5, 150.0, 50.0)
    failed = features.figure("Feast, Dask", 10, "not within 300 s")
    lines = markdown(part(raw, ours, failed)).splitlines()
    assert [cell.strip() for cell in lines[3].strip("|").split("|")][5:8] == ["1.50", "1.25", "1.50"]
    assert "not within 300 s" in lines[4]
    assert "not within 300 s" in screen(part(raw, ours, failed))


def test_only_the_text_between_the_comments_is_renewed() -> None:
    start, end = markers("table")
    new = renewed(f"before\n{start}\nold\n{end}\nafter\n", "table", "| new |")
    assert section(new, "table") == "| new |"
    assert new.replace("| new |", "old") == f"before\n{start}\nold\n{end}\nafter\n"


def test_the_guides_table_is_the_one_of_the_kept_run() -> None:
    (kept,) = (one for one in read(PLACE) if one.name == features.PART)
    assert section((ROOT / "docs" / "features.md").read_text(), NAME) == markdown(kept)
