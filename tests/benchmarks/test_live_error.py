"""The simulation of live errors: that it runs, and that the kept run holds what is promised."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.document import section
from benchmarks.error_estimators import NAIVE, estimators
from benchmarks.error_estimators import OURS as WEIGHTED
from benchmarks.live_error import (
    ALL,
    BLIND,
    CHANGES,
    ONLY_CITY,
    OURS,
    RULES,
    SOUND,
    alarms,
    estimates,
    houses_of,
    risen,
)
from benchmarks.live_error_results import NAME, Missed, Results, encode, markdown, rate, read
from benchmarks.live_error_world import CITY, World, world
from steps.core.error_tests import ErrorSettings
from zenml_config.environment import ROOT


@pytest.fixture(scope="module")
def here() -> World:
    return world(1)


def settings() -> ErrorSettings:
    document = yaml.safe_load((ROOT / "zenml_config" / "monitoring.yaml").read_text())["parameters"]
    return ErrorSettings(**document["error"])


def test_a_model_is_asked_about_houses_that_it_never_saw(here: World) -> None:
    known = {tuple(row) for row in here.reference.rows}
    assert not known & {tuple(row) for row in here.features.tolist()}
    assert len(here.reference.rows) + len(here.truth) == 506
    assert 1 < here.metrics["cv_mae"] < 3


def test_every_rule_says_after_each_truth_from_the_twentieth_on_whether_it_alarms(here: World) -> None:
    order = np.random.default_rng(1).permutation(len(here.truth))[:60].tolist()
    sound, worse = (alarms(here, truth, order, settings()) for truth in (here.truth, np.minimum(risen(here), 50)))
    assert {rule: len(found) for rule, found in worse.items()} == dict.fromkeys(RULES, 60)
    assert not any(one for found in worse.values() for one in found[:19])
    assert worse[OURS][-1]
    assert not any(sound[OURS])


def test_the_worse_models_are_worse_as_they_are_called(here: World) -> None:
    errors = {name: np.abs(here.predicted - change(here)).mean() for name, change in CHANGES.items()}
    sound = np.abs(here.predicted - here.truth).mean()
    assert errors["errors doubled"] == pytest.approx(2 * sound)
    assert errors[ONLY_CITY] == sound  # other houses come, at the same prices
    assert set(here.features[houses_of(ONLY_CITY, here), CITY]) == {24.0}


def test_every_way_to_an_estimate_is_measured_on_every_kind_of_window(here: World) -> None:
    found = estimates([here], 1)
    names = list(estimators(here))
    assert names[:2] == [WEIGHTED, NAIVE]
    assert [(one.kind, one.estimator) for one in found[-8:]] == [
        (kind, name) for kind in (ALL, BLIND) for name in names
    ]
    assert {one.windows for one in found} == {1, 6}


def test_a_run_comes_back_from_its_file_and_its_tables_have_a_column_for_each_rule(tmp_path: Path) -> None:
    rates = [rate("detection", "errors doubled", name, 50, count, 100) for name, count in ((OURS, 90), ("other", 10))]
    missed = [Missed("cheap houses", WEIGHTED, 0.25, 0.5, 40), Missed("cheap houses", NAIVE, 0.3, 0.75, 40)]
    known = Results("2026-11-25", {"libraries": "numpy 2"}, {}, rates, missed)
    (tmp_path / "found.json").write_bytes(encode(known))
    assert read(tmp_path / "found.json") == known
    lines = markdown(known).splitlines()
    assert lines[0] == "| what | model | true prices | of | verdict | other |"
    assert lines[2] == "| detection | errors doubled | 50 | 100 | **90.0 %** (82.4 % to 95.1 %) | 10.0 % |"
    assert lines[6] == "| cheap houses | 40 | **0.25 / 0.50** | 0.30 / 0.75 |"


def test_the_kept_run_holds_what_the_guide_promises_and_the_guide_has_its_tables() -> None:
    kept = read()
    assert kept.settings == settings().model_dump()
    assert kept.find("first false alarm, a day", SOUND, OURS, 200).rate <= 0.01
    assert kept.find("detection", "all prices + 20 %", OURS, 50).rate >= 0.95
    assert kept.find("detection", "errors doubled", OURS, 200).rate >= 0.95
    off = {one.estimator: one for one in kept.missed if one.kind == ALL}
    assert off[WEIGHTED].mae < off[NAIVE].mae
    assert off[WEIGHTED].rmse < off[NAIVE].rmse
    assert section((ROOT / "docs" / "monitoring.md").read_text(), NAME) == markdown(kept)
