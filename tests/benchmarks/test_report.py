"""The tables of a run, and that the README's is the one of the kept run."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.document import section
from benchmarks.report import CAPACITY, SECTION, capacity, markdown, screen
from benchmarks.results import Figures, Footprint, Run, encode, median, read
from zenml_config.environment import ROOT

MACHINE = {"cores": "2", "cpu": "a CPU", "system": "Linux x86_64", "python": "3.12.1", "load_before": "0.5"}


def figures(target: str, rows: int, cpu_us: float, per_s: float, request: str = "row") -> Figures:
    return Figures(target, request, rows, 32, per_s, 1.0, 2.0, 3.0, cpu_us)


@pytest.fixture
def run() -> Run:
    """A run with round figures."""
    return Run(
        "2026-11-24",
        2,
        5,
        2,
        MACHINE | {"libraries": "granian 2.8.7"},
        [
            figures("this service", 1, 50, 20_000),
            figures("this service", 1, 100, 10_000, "house id"),
            figures("this service", 100, 200, 5_000, "batch"),
            figures("FastAPI", 1, 400, 2_000),
            figures("FastAPI", 100, 1_000, 1_000, "batch"),
            figures("static JSON", 1, 20, 40_000),
        ],
        [Footprint("this service", 129.4, 300.2, 2.34)],
    )


def line(table: str, *beginning: str) -> list[str]:
    """The cells of the line that begins so."""
    lines = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines() if row.startswith("|")]
    return next(cells for cells in lines if tuple(cells[: len(beginning)]) == beginning)


def test_a_row_and_a_house_id_are_compared_with_fastapis_single_row(run: Run) -> None:
    table = markdown(run)
    assert line(table, "this service", "row")[-4:] == ["1/8.0", "2.50", "10.00", "1.00"]
    assert line(table, "this service", "house id")[-4:] == ["1/4.0", "5.00", "5.00", "1.00"]


def test_a_batch_is_compared_with_fastapis_batch_and_told_per_row(run: Run) -> None:
    cells = line(markdown(run), "this service", "100 rows")
    assert cells[7:9] == ["200", "2.0"]
    assert cells[-4:-2] == ["1/5.0", "10.00"]


def test_the_document_shows_one_load_and_the_screen_all(run: Run) -> None:
    more = msgspec.structs.replace(run.figures[0], connections=8, requests_per_s=12_345)
    peers = [msgspec.structs.replace(one, connections=8) for one in run.figures[3:]]
    both = msgspec.structs.replace(run, figures=[*run.figures, more, *peers])
    assert "12,345" in screen(both)
    assert "12,345" not in markdown(both)
    assert "12,345" in markdown(both, connections=8)


def test_a_median_is_taken_of_each_figure_by_itself() -> None:
    rounds = [figures("FastAPI", 1, cpu, rate) for cpu, rate in ((10, 3), (30, 1), (20, 2))]
    assert (median(rounds).cpu_us, median(rounds).requests_per_s) == (20, 2)


def test_a_run_is_kept_as_it_was(run: Run, tmp_path: Path) -> None:
    (tmp_path / "serving.json").write_bytes(encode(run))
    assert read(tmp_path / "serving.json") == run


def test_the_readmes_table_is_the_one_of_the_kept_run() -> None:
    assert section((ROOT / "README.md").read_text(), SECTION) == markdown(read())


def test_a_core_is_given_so_many_requests_as_their_processor_time_has_room_for(run: Run) -> None:
    assert line(capacity(run), "100 houses in a request")[1:3] == ["200", "5,000 requests, 500,000 houses"]
    assert "A worker takes 129 MB, all processes of a service with 2 workers 300 MB." in capacity(run)


def test_the_operations_guide_shows_what_a_core_can_do_by_the_kept_run() -> None:
    assert section((ROOT / "docs" / "operations.md").read_text(), CAPACITY) == capacity(read())
