"""Generated houses: legal, reproducible, and in the likeness of the real ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.generated_houses import FIRST, observed_at, snapshot, spine, write_history
from serving.contract import FeatureSpec, read_feature_view
from serving.settings import read_settings
from steps.feature_store.definitions import apply_definitions
from tests.houses import boston

Specs = tuple[FeatureSpec, ...]


@pytest.fixture(scope="module")
def specs() -> Specs:
    return read_feature_view(apply_definitions(read_settings()), "house_features")


def test_every_generated_value_passes_the_contract(specs: Specs) -> None:
    values = snapshot(specs, 0, 2_000, 1, seed=3)
    faults = [spec.fault(value) for column, spec in enumerate(specs) for value in values[:, column]]
    assert set(faults) == {None}


def test_means_and_correlations_are_those_of_the_real_houses(specs: Specs) -> None:
    generated = pd.DataFrame(snapshot(specs, 0, 20_000, 0, seed=3), columns=[spec.name for spec in specs])
    real = boston()[[spec.name for spec in specs]]
    assert ((generated.mean() - real.mean()).abs() < 0.05 * real.std()).all()
    assert np.abs(generated.corr() - real.corr()).to_numpy().max() < 0.05


def test_the_same_seed_gives_the_same_houses_and_another_one_others(specs: Specs) -> None:
    assert np.array_equal(snapshot(specs, 0, 50, 1, seed=3), snapshot(specs, 0, 50, 1, seed=3))
    assert not np.array_equal(snapshot(specs, 0, 50, 1, seed=3), snapshot(specs, 0, 50, 1, seed=4))


def test_the_snapshots_of_a_house_differ_and_follow_one_another(specs: Specs) -> None:
    assert (snapshot(specs, 0, 50, 0, seed=3) != snapshot(specs, 0, 50, 1, seed=3)).any(axis=1).all()
    assert observed_at(0, 50, 0, seed=3).max() < observed_at(0, 50, 1, seed=3).min()


def test_a_history_has_every_house_once_a_snapshot(specs: Specs, tmp_path: Path) -> None:
    assert write_history(tmp_path / "h.parquet", specs, 70, 3, seed=3) == 210
    stored = pd.read_parquet(tmp_path / "h.parquet")
    assert stored["house_id"].value_counts().to_dict() == dict.fromkeys(range(70), 3)
    assert (stored["created_timestamp"] > stored["event_timestamp"]).all()


def test_the_spine_asks_for_each_house_once_out_of_order_and_within_the_snapshots() -> None:
    asked = spine(100, 3, seed=3)
    assert sorted(asked["house_id"]) == list(range(100))
    assert asked["house_id"].tolist() != list(range(100))
    span = (asked["event_timestamp"] - pd.Timestamp(FIRST)).dt.days
    assert span.min() >= 0
    assert span.max() < 90
