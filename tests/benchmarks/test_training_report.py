"""The tables of the training benchmark."""

from pathlib import Path

import pytest

from benchmarks.document import section
from benchmarks.searches import replicated, wanted
from benchmarks.training_report import NAME, markdown
from benchmarks.training_results import OURS, TALK, Nested, Timing, TrainingRun, keep, read
from steps.core.quality import Difference, Standing
from zenml_config.environment import ROOT

MACHINE = {"cores": "2", "cpu": "one", "system": "Linux", "python": "3.12", "load_before": "0.1", "libraries": "a 1"}


def timing(side: str, experiment: str, seconds: float, rows: int = 506) -> Timing:
    return Timing(
        side=side, experiment=experiment, rows=rows, fits=501, rounds=2, seconds=seconds, cpu_seconds=2 * seconds
    )


def run() -> TrainingRun:
    three = {"all_features_tuned": 40.0, "shap_top10_default": 1.0, "shap_top10_tuned": 39.0}
    timings = [timing(TALK, name, seconds) for name, seconds in three.items()]
    timings += [timing(OURS, name, seconds / 8) for name, seconds in three.items()]
    timings += [timing(OURS, "all_features_bagged", 1.0)]
    timings += [timing(TALK, "all_features_tuned", 90.0, 50_000), timing(OURS, "all_features_tuned", 30.0, 50_000)]
    figures = {"rmse": [2.0, 4.0], "sd_rmse": 1.0, "mean_r2": 0.9, "mean_mae": 2.0}
    difference = Difference(mean=-1.0, low=-1.5, high=-0.5, p_value=0.01)
    standings = [
        Standing(name="ours", mean_rmse=3.0, difference=None, **figures),
        Standing(name="theirs", mean_rmse=4.0, difference=difference, **figures),
    ]
    nested = {"nested": Nested(folds=2, repeats=1, seed=7, search=(50, 5), standings=standings)}
    return TrainingRun(date="2026-11-24", machine=MACHINE, timings=timings, nested=nested)


def test_the_three_experiments_are_summed_and_held_against_the_talks() -> None:
    lines = markdown(run()).splitlines()
    assert f"| 506 | the three together | 1503 | **{OURS}** | 10.0 | 20.0 | 1/8.0 | 1/8.0 |" in lines
    assert f"| 50,000 | all_features_tuned | 501 | **{OURS}** | 30.0 | 60.0 | 1/3.0 | 1/3.0 |" in lines
    assert f"| 506 | all_features_bagged | 501 | **{OURS}** | 1.0 | 2.0 |  |  |" in lines


def test_a_procedures_line_has_the_ratio_and_the_interval_of_the_difference() -> None:
    lines = markdown(run()).splitlines()
    assert "| theirs | 4.000 | 1.00 | 0.900 | 2.00 | 0.750 | -1.000 (-1.500 to -0.500) | 0.010 |" in lines
    assert "| ours | 3.000 | 1.00 | 0.900 | 2.00 |  |  |  |" in lines


def test_the_guide_shows_the_tables_that_are_kept() -> None:
    assert section((ROOT / "docs" / "training.md").read_text(), NAME) == markdown(read())


def test_what_was_measured_is_kept_and_read(tmp_path: Path) -> None:
    keep(run(), tmp_path / "deep" / "training.json")
    assert read(tmp_path / "deep" / "training.json") == run()
    with pytest.raises(SystemExit, match="bench-training"):
        read(tmp_path / "none.json")


def test_both_sides_searches_have_the_same_number_of_candidates_and_folds() -> None:
    for side in ("talk", "ours", "same"):
        searches = [one.search for one in wanted(side, 3, 2) if one.search]
        assert [(one.iterations, one.folds) for one in searches] == [(3, 2), (3, 2)]


def test_replicated_houses_are_the_506_and_then_neighbours_of_theirs() -> None:
    X, y = replicated(1100)
    assert X.shape == (1100, 13)
    assert (y[:506] == y[506:1012]).all()
    assert (X[506:1012] != X[:506]).mean() > 0.9
    assert abs(X[506:1012] - X[:506]).max() < 0.1 * X.std(axis=0).max()
