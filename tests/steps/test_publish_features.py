"""Publishing to a real Feast store, with its times, and what mends itself."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.settings import read_settings
from steps.core.errors import ConfigurationError, DataError
from steps.core.fingerprint import fingerprint
from steps.feature_store.definitions import apply_definitions
from steps.feature_store.offline_store import append_history, only_writer, read_history
from steps.materialize import bring_online
from steps.publish_features import PublicationReport, publish
from tests.houses import boston, publication

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEATURES = [name for name in boston().columns if name not in ("house_id", "MEDV")]


@pytest.fixture
def offline(platform_dir: Path) -> Path:
    """The offline folder of a platform whose definitions are applied."""
    apply_definitions(read_settings())
    return platform_dir / "feast" / "offline"


def published(houses: pd.DataFrame, days: float = 0) -> PublicationReport:
    return publish(houses, publication(), read_settings(), NOON + timedelta(days=days))


def materialized(days: float = 0) -> int:
    return bring_online(read_settings(), NOON + timedelta(days=days)).written


def online(ids: list[int], column: str) -> list[float | None]:
    reply = (
        read_settings()
        .feature_store()
        .get_online_features(features=[f"house_features:{column}"], entity_rows=[{"house_id": house} for house in ids])
    )
    values: list[float | None] = reply.to_dict()[column]
    return values


def test_the_first_data_set_is_published_whole_with_features_seen_before_the_price(offline: Path) -> None:
    report = published(boston())
    assert (report.new_features, report.new_prices, report.houses, report.unchanged) == (506, 506, 506, 0)
    assert materialized() == 506
    assert report.fingerprint == fingerprint(boston())
    features, target = (pd.read_parquet(offline / f"house_{name}.parquet") for name in ("features", "target"))
    assert list(features.columns) == ["house_id", "event_timestamp", "created_timestamp", *FEATURES]
    assert list(target.columns) == ["house_id", "event_timestamp", "created_timestamp", "MEDV"]
    assert set(target["event_timestamp"]) == {pd.Timestamp(NOON)}
    assert set(features["event_timestamp"]) == {pd.Timestamp(NOON - timedelta(days=30))}
    assert report.observed_until == "2026-01-30T12:00:00+00:00"


def test_publishing_the_same_data_again_changes_no_byte_and_materializes_nothing(offline: Path) -> None:
    published(boston())
    materialized()
    before = {path.name: path.read_bytes() for path in offline.glob("*.parquet/*")}
    report = published(boston(), days=1)
    assert (report.new_features, report.new_prices, report.unchanged) == (0, 0, 506)
    assert materialized(days=1) == 0
    assert {path.name: path.read_bytes() for path in offline.glob("*.parquet/*")} == before


def test_a_corrected_value_is_a_new_observation_and_is_served(offline: Path) -> None:
    published(boston())
    assert materialized() == 506
    houses = boston()
    houses.loc[7, ["RM", "MEDV"]] = [6.5, 21]
    houses.loc[9, "LSTAT"] = np.nan
    report = published(houses, days=1)
    assert (report.new_features, report.new_prices, report.unchanged) == (2, 1, 504)
    assert len(pd.read_parquet(offline / "house_features.parquet")) == 508
    assert materialized(days=1) == 2
    assert online([7, 9], "RM") == [6.5, boston().loc[9, "RM"]]
    assert online([9], "LSTAT") == [None]


def test_houses_that_a_data_set_lacks_stay(offline: Path) -> None:
    published(boston())
    report = published(boston().iloc[:6], days=1)
    assert (report.absent, report.houses, report.new_features) == (500, 506, 0)


def test_new_houses_come_in_beside_those_that_are_there(offline: Path) -> None:
    published(boston().iloc[:400])
    assert materialized() == 400
    report = published(boston(), days=1)
    assert (report.new_features, report.unchanged, report.houses) == (106, 400, 506)
    assert materialized(days=1) == 106
    assert online([0, 505], "RM") == [6.575, 6.03]


def test_a_run_that_died_before_materializing_is_mended_by_the_next(offline: Path) -> None:
    published(boston().iloc[:400])
    materialized()
    history = pd.read_parquet(offline / "house_features.parquet")
    later = boston().iloc[400:]
    times = {"event_timestamp": NOON - timedelta(days=29), "created_timestamp": NOON + timedelta(days=1)}
    added = later[["house_id", *FEATURES]].assign(**{name: pd.Timestamp(time) for name, time in times.items()})
    append_history(offline / "house_features.parquet", added[history.columns])
    report = published(boston(), days=2)
    assert (report.new_features, report.new_prices, materialized(days=2)) == (0, 106, 106)
    assert online([505], "RM") == [6.03]


def test_a_lost_online_store_is_filled_again(offline: Path) -> None:
    published(boston())
    materialized()
    (offline.parent / "online.db").unlink()
    apply_definitions(read_settings())
    report = published(boston(), days=1)
    assert (report.new_features, materialized(days=1)) == (0, 506)
    assert online([505], "RM") == [6.03]


def test_a_run_that_died_while_materializing_is_mended_by_the_next(offline: Path) -> None:
    from feast.feature_view import FeatureViewState

    published(boston().iloc[:10])
    store = read_settings().feature_store()
    view = store.get_feature_view("house_features")
    view.state = FeatureViewState.MATERIALIZING
    store.registry.apply_feature_view(view, store.project)
    assert published(boston(), days=1).new_features == 496
    assert materialized(days=1) == 506
    assert online([505], "RM") == [6.03]


def test_a_damaged_history_is_named_and_left_alone(offline: Path) -> None:
    published(boston().iloc[:10])
    (path,) = (offline / "house_features.parquet").iterdir()
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"house_features\.parquet is no readable parquet file"):
        published(boston(), days=1)
    assert path.read_bytes() == b"PAR1 and no more"


def test_a_feature_that_is_new_in_the_contract_is_missing_in_the_observations_so_far(offline: Path) -> None:
    published(boston().iloc[:10])
    history = read_history(offline / "house_features.parquet", [*FEATURES, "GARDEN"])
    assert history["GARDEN"].isna().all()
    assert history["RM"].tolist() == boston()["RM"].head(10).tolist()


def test_a_place_that_is_no_folder_is_no_usable_setting(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPP_OFFLINE_DIR", "gs://houses/offline")
    with pytest.raises(ConfigurationError, match="HPP_OFFLINE_DIR"):
        published(boston())


def test_what_a_killed_run_left_unfinished_is_removed(offline: Path) -> None:
    (offline / ".house_features.parquet.123").write_bytes(b"PAR1")
    published(boston().iloc[:10])
    assert {path.name for path in offline.iterdir()} == {".lock", "house_features.parquet", "house_target.parquet"}


def test_two_runs_at_once_append_one_after_the_other(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with only_writer(str(tmp_path)):
            order.append("second")

    with only_writer(str(tmp_path)):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
