"""The tables of materialization and look-ups, and that the guide shows what is kept."""

from benchmarks.document import section
from benchmarks.feature_results import Figure, Part, read
from benchmarks.online_report import NAME, asked, filled, markdown
from zenml_config.environment import ROOT


def part(*figures: Figure) -> Part:
    return Part("any", "2026-11-24", 1, {}, list(figures))


def materialized(subject: str, houses: int, seconds: float) -> Figure:
    limit = f"Feast on {subject.rpartition(' ')[2]}"
    return Figure("materialization", subject, limit, houses, houses, seconds, 2 * seconds, 300.0, 200.0)


def looked_up(subject: str, microseconds: float) -> Figure:
    return Figure("look-up", subject, "raw SQLite", 1_000, 10, p50_us=microseconds)


def test_feasts_own_materialization_stands_beside_ours_of_the_same_size_and_nothing_where_there_is_none() -> None:
    ours = [materialized("this platform on SQLite", houses, 1.0) for houses in (10, 2_000)]
    assert filled(part(materialized("Feast on SQLite", 10, 4.0), *ours)).splitlines()[2:] == [
        "| 10 | SQLite | 1.0 | 2.0 | 300 | 200 | 4.0 | 8.0 | 300 |",
        "| 2,000 | SQLite | 1.0 | 2.0 | 300 | 200 |  |  |  |",
    ]


def test_look_ups_are_told_as_multiples_of_the_raw_read_and_an_absent_store_is_left_empty() -> None:
    figures = [looked_up("raw SQLite", 20.0), looked_up("this service's look-up on SQLite", 50.0)]
    table = asked(part(*figures, looked_up("Feast's SDK on SQLite", 400.0)))
    assert table.splitlines()[2:] == ["| 1,000 | 10 | 20 | 2.5 | 20.0 |  |  |  |"]


def test_the_guide_shows_what_is_kept() -> None:
    assert section((ROOT / "docs" / "materialization.md").read_text(), NAME) == markdown(read())
