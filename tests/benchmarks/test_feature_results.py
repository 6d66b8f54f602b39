"""The figures of the feature store's benchmark."""

from pathlib import Path

from benchmarks.feature_results import Figure, Part, encode, median, ratio, read, with_part


def figure(subject: str, seconds: float | None, houses: int = 10) -> Figure:
    return Figure("offline join", subject, "raw", houses, houses, seconds=seconds)


def part(*figures: Figure, name: str = "offline join") -> Part:
    return Part(name, "2026-11-24", 3, {"cores": "2"}, list(figures))


def test_a_median_is_taken_of_what_was_measured() -> None:
    one = median([figure("this store", 3.0), figure("this store", 1.0), figure("this store", 2.0)])
    assert (one.seconds, one.peak_mb) == (2.0, None)


def test_a_figure_is_compared_with_its_limit_at_the_same_size() -> None:
    small, large, ours = figure("raw", 1.0, 10), figure("raw", 4.0, 100), figure("this store", 5.0, 100)
    run = part(small, large, ours)
    assert run.limit_of(ours) == large
    assert ratio(ours.seconds, large.seconds) == 1.25


def test_what_was_not_measured_has_no_ratio() -> None:
    ours = figure("this store", 5.0)
    assert part(ours).limit_of(ours) is None
    assert ratio(None, 1.0) is None
    assert ratio(1.0, None) is None


def test_a_part_that_is_run_again_replaces_itself_alone(tmp_path: Path) -> None:
    place = tmp_path / "features.json"
    assert read(place) == []
    offline, online = part(figure("raw", 1.0)), part(figure("redis", 1.0), name="look-up")
    place.write_bytes(encode([offline, online]))
    again = part(figure("raw", 2.0))
    assert with_part(read(place), again) == [again, online]
    assert with_part([online], again) == [online, again]
