"""The story's own place and settings."""

import os
from pathlib import Path

import pytest

from pipelines.story.plot import StoryError, changed, read_plot
from pipelines.story.setting import SIGN, backstage, environment, stage
from steps.core.errors import ConfigurationError
from zenml_config.environment import ROOT

PLOT = ROOT / "zenml_config" / "story.yaml"


def test_nothing_of_the_platform_that_calls_it_reaches_the_story(tmp_path: Path) -> None:
    outer = {
        "PATH": "/bin",
        "HPP_ONLINE_STORE": "{type: redis}",
        "MLFLOW_TRACKING_URI": "https://ours",
        "HPP_OTHER": "1",
    }
    found = environment(tmp_path, outer)
    assert found["PATH"] == "/bin"
    assert found["HPP_VAR_DIR"] == str(tmp_path)
    assert not {"HPP_ONLINE_STORE", "MLFLOW_TRACKING_URI", "HPP_OTHER"} & set(found)
    assert len({found[f"HPP_{port}_PORT"] for port in ("REST", "METRICS", "GRPC", "CONSOLE")}) == 4


@pytest.mark.usefixtures("platform_dir")
def test_a_story_clears_away_the_one_before_it_and_nothing_else(tmp_path: Path) -> None:
    var = tmp_path / "story"
    with stage(var):
        (var / "old").touch()
        with pytest.raises(StoryError, match="Another story"), stage(var):
            pass
    with stage(var):
        assert [path.name for path in var.iterdir() if path.name != "run"] == [SIGN]
    (var / SIGN).unlink()
    (var / "other").touch()
    with pytest.raises(StoryError, match="holds something else"), stage(var):
        pass
    assert (var / "other").exists()


def test_what_is_printed_backstage_is_in_the_log_and_what_is_told_on_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with backstage(tmp_path / "log") as screen:
        os.write(1, b"noise\n")
        screen.write("told\n")
    os.write(1, b"afterwards\n")
    assert capfd.readouterr().out == "told\nafterwards\n"
    assert (tmp_path / "log").read_text() == "noise\n"


def test_the_plot_changes_only_what_it_names() -> None:
    before = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    assert changed(before, {"a": {"b": 3}, "d": [4]}) == {"a": {"b": 3, "c": 2}, "d": [4]}
    assert before == {"a": {"b": 1, "c": 2}, "d": [1, 2]}


def test_the_plot_is_read_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    assert read_plot(PLOT).poisoned.most_houses == 50
    wrong = tmp_path / "plot.yaml"
    wrong.write_text(PLOT.read_text().replace("sold_before", "sold_bfore"))
    with pytest.raises(ConfigurationError, match="sold_bfore"):
        read_plot(wrong)
