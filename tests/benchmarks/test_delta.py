"""The comment on what a change does to quality and speed."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.delta import MARK, comment, main
from benchmarks.results import FASTAPI, SERVICE, Figures, Run
from steps.training_outcome import Outcome


def trained(cv: float, outcome: str = "promote", reason: str = "so", **more: float) -> Outcome:
    experiments = {"tuned": cv} | more
    figures = {
        name: {"cv_rmse": rmse, "cv_rmse_sd": 0.5, "test_rmse": 2.0, "test_r2": 0.9}
        for name, rmse in experiments.items()
    }
    return Outcome("run", outcome, reason, "tuned", "1", figures)


def measured(requests_per_s: float, fastapi: float = 1000.0) -> Run:
    figures = [
        Figures(target, request, 1, 8, rate, 1.0, 2.0, 3.0, 100.0)
        for target, request, rate in (
            (SERVICE, "row", requests_per_s),
            (SERVICE, "house id", requests_per_s / 2),
            (FASTAPI, "row", fastapi),
        )
    ]
    return Run("2026-11-25", 2, 3, 2, {}, figures, [])


def told(folder: Path, before: tuple[object, object], after: tuple[object, object]) -> str:
    for side, (outcome, run) in (("base", before), ("head", after)):
        (folder / side).mkdir()
        for name, value in (("outcome", outcome), ("serving", run)):
            if value is not None:
                (folder / side / f"{name}.json").write_bytes(msgspec.json.encode(value))
    return comment(folder / "base", folder / "head")


def test_a_change_that_does_nothing_is_told_so(tmp_path: Path) -> None:
    text = told(tmp_path, (trained(3.2), measured(5000)), (trained(3.3), measured(2600, fastapi=500)))
    assert text.startswith(MARK)
    assert "| **tuned** | 3.20 ± 0.50 | 3.30 ± 0.50 | +0.10 | 2.00 |" in text
    assert "no more than another training seed does" in text
    # Half the requests on a machine of half the speed: the ratio to FastAPI went up.
    assert "| row | 8 | 5.00 | 5.20 | +4% | 3.00 |" in text
    assert "No load is slower than noise." in text


def test_worse_quality_and_a_slower_load_are_named(tmp_path: Path) -> None:
    text = told(tmp_path, (trained(3.2), measured(5000)), (trained(4.0, "refused", "R² 0.5"), measured(3000)))
    assert "The champion is WORSE by 0.80" in text
    assert "Gate now: **refused**: R² 0.5" in text
    assert "SLOWER by more than 20%: row, 8 connections; house id, 8 connections." in text


def test_experiments_and_loads_that_only_one_side_has_are_told(tmp_path: Path) -> None:
    text = told(tmp_path, (trained(3.2, old=3.0), measured(5000)), (trained(3.2, new=3.1), measured(5000)))
    assert "| new |  | 3.10 ± 0.50 | new | 2.00 |" in text
    assert "| old | 3.00 ± 0.50 |  | gone |  |" in text


def test_a_missing_or_broken_file_is_told_and_not_guessed(tmp_path: Path) -> None:
    text = told(tmp_path, (None, measured(5000)), (trained(3.2), None))
    assert "outcome.json of the base branch is missing" in text
    assert "serving.json of this change is missing" in text
    (tmp_path / "head" / "outcome.json").write_text("{")
    assert "outcome.json of the base branch and of this change is missing" in comment(
        tmp_path / "base", tmp_path / "head"
    )


def test_text_of_an_unread_change_is_no_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = trained(3.2, reason="<img src=x>\n# @everyone [a](http://b) | `c`")
    told(tmp_path, (trained(3.2), None), (evil, None))
    main([str(tmp_path / "base"), str(tmp_path / "head")])
    gate = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Gate"))
    assert not set("<>@[]|`") & set(gate.partition("promote. ")[2])
