"""The simulation of the drift verdict: that it runs, and that the kept run holds what is promised."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import drift
from benchmarks.document import section
from benchmarks.drift import HELD_OUT, HOURS, OURS, detections, false_alarms, root_causes, shifted, world
from benchmarks.drift_results import NAME, Rate, Results, encode, markdown, rate, read
from steps.core.drift import DriftSettings
from zenml_config.environment import ROOT

WORLD = world(1)


def settings() -> DriftSettings:
    document = yaml.safe_load((ROOT / "zenml_config" / "monitoring.yaml").read_text())["parameters"]
    return DriftSettings(**document["drift"])


def test_a_shift_moves_one_feature_by_as_many_standard_deviations_and_no_other() -> None:
    rows, draw = WORLD.held_out, np.random.default_rng(0)
    for name in ("RM", "CHAS"):
        at = WORLD.features.index(name)
        moved = shifted(WORLD, rows, at, 1.0, draw)
        assert abs(moved[:, at].mean() - rows[:, at].mean()) == pytest.approx(WORLD.spread[at], rel=0.05)
        assert np.array_equal(np.delete(moved, at, axis=1), np.delete(rows, at, axis=1))
        assert set(np.unique(moved[:, at])) <= {0.0, 1.0} or name == "RM"


def test_every_rule_gets_its_rates() -> None:
    alarms = false_alarms(HELD_OUT, iter([WORLD]), 200, 1, settings())
    assert [(one.rule, one.of) for one in alarms] == [(name, of) for name in drift.RULES for of in (HOURS, 1)]
    found = detections(iter([WORLD] * 2), 200, 2.0, 2, settings())
    assert {one.rule: one.count for one in found}[OURS] == 2
    causes = root_causes(iter([WORLD]), 200, 2.0, 1, settings())
    assert [one.of for one in causes] == [1, 1, 1]


def test_a_run_comes_back_from_its_file_and_its_table_has_a_column_for_each_rule(tmp_path: Path) -> None:
    rates: list[Rate] = [
        rate("detection", HELD_OUT, OURS, 200, 1.0, 99, 100),
        rate("detection", HELD_OUT, "PSI > 0.25", 200, 1.0, 50, 100),
        rate("the shifted feature first", HELD_OUT, "by price effect", 200, 1.0, 97, 100),
    ]
    known = Results("2026-11-25", {"libraries": "whylogs 1"}, {"minimum_rows": 200, "judgements_a_day": 24}, rates)
    (tmp_path / "drift.json").write_bytes(encode(known))
    assert read(tmp_path / "drift.json") == known
    lines = markdown(known).splitlines()
    assert lines[0] == "| what | traffic | rows | shift, sd | of | verdict | PSI > 0.25 |"
    assert lines[2] == "| detection | held-out houses | 200 | 1 | 100 | **99.0 %** (94.5 % to 100.0 %) | 50.0 % |"


def test_the_kept_run_holds_what_the_guide_promises_and_the_guide_has_its_table() -> None:
    kept = read()
    assert kept.settings == settings().model_dump()
    for rows in (200, 1000):
        assert kept.find("false alarms a day", OURS, rows).rate <= 0.01
    assert kept.find("detection", OURS, 200, 1.0).rate >= 0.95
    assert kept.find("the shifted feature first", "by price effect", 200, 1.0).rate >= 0.95
    assert section((ROOT / "docs" / "monitoring.md").read_text(), NAME) == markdown(kept)
