"""The data contract in a real Feast store, from the definitions to the look-up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from feast import FeatureStore

from serving.contract import HOUSE_FEATURES, HOUSE_TARGET, FeatureSpec, read_feature_service, read_feature_view
from serving.settings import read_settings
from steps.data.sources import read_houses
from steps.feature_store.definitions import apply_definitions
from steps.materialize import bring_online
from steps.publish_features import publish
from tests.houses import COLUMNS, DERIVED, KAGGLE_FILE, boston, csv_source, publication

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Houses = Callable[[], pd.DataFrame]
RANGES = {
    "CRIM": (0, 100),
    "ZN": (0, 100),
    "INDUS": (0, 30),
    "CHAS": (0, 1),
    "NOX": (0.3, 1),
    "RM": (3, 9),
    "AGE": (0, 100),
    "DIS": (0.5, 13),
    "RAD": (1, 24),
    "TAX": (100, 800),
    "PTRATIO": (10, 25),
    "B": (0, 400),
    "LSTAT": (0, 40),
}


@pytest.fixture
def store(platform_dir: Path) -> FeatureStore:
    """A store in which nothing is published yet."""
    return apply_definitions(read_settings())


@pytest.fixture
def specs(store: FeatureStore) -> tuple[FeatureSpec, ...]:
    return (*read_feature_view(store, HOUSE_FEATURES), *read_feature_view(store, HOUSE_TARGET))


def looked_up(store: FeatureStore, ids: list[int]) -> pd.DataFrame:
    reply = store.get_online_features(
        features=store.get_feature_service("house_price_features"), entity_rows=[{"house_id": house} for house in ids]
    )
    return reply.to_df()


def kaggle() -> pd.DataFrame:
    if not KAGGLE_FILE.exists():
        pytest.skip(f"{KAGGLE_FILE} is not there; set HPP_SHARED_DATA")
    return read_houses(csv_source(KAGGLE_FILE), COLUMNS)


def test_every_column_says_all_that_the_platform_needs_of_it(specs: tuple[FeatureSpec, ...]) -> None:
    assert [spec.name for spec in specs] == COLUMNS
    for spec in specs:
        assert spec.description
        assert spec.unit
        assert spec.minimum < spec.maximum
        assert spec.kind in ("continuous", "integer", "binary")
        assert 0 <= spec.max_missing_share < 1


def test_the_ranges_are_those_of_the_published_interface(specs: tuple[FeatureSpec, ...]) -> None:
    assert {spec.name: (spec.minimum, spec.maximum) for spec in specs if spec.name != "MEDV"} == RANGES


def test_what_stands_for_a_protected_attribute_is_marked(specs: tuple[FeatureSpec, ...]) -> None:
    assert [spec.name for spec in specs if spec.sensitive] == ["B", "LSTAT"]


def test_the_target_is_in_the_training_service_and_in_no_other(store: FeatureStore) -> None:
    names = {
        service.name: [spec.name for spec in read_feature_service(store, service.name)]
        for service in store.list_feature_services()
    }
    features = COLUMNS[:-1]
    assert names == {
        "house_price_features": [*features, *DERIVED],
        "house_price_training": [*features, *DERIVED, "MEDV"],
    }


@pytest.mark.parametrize("houses", [boston, kaggle])
def test_the_real_data_are_within_the_contract(houses: Houses, specs: tuple[FeatureSpec, ...]) -> None:
    frame = houses()
    for spec in specs:
        assert [fault for fault in map(spec.fault, frame[spec.name].dropna()) if fault] == []
        assert frame[spec.name].isna().mean() <= spec.max_missing_share


@pytest.mark.parametrize("houses", [boston, kaggle])
def test_every_house_is_looked_up_online_as_it_was_published(houses: Houses, store: FeatureStore) -> None:
    frame = houses()
    publish(frame, publication(), read_settings(), NOW)
    bring_online(read_settings(), NOW)
    online = looked_up(store, frame["house_id"].tolist())
    offline = frame.drop(columns="MEDV")
    pd.testing.assert_frame_equal(online[offline.columns].astype("float64"), offline.astype("float64"))


def test_a_house_that_nobody_published_has_no_values(store: FeatureStore) -> None:
    publish(boston().head(3), publication(), read_settings(), NOW)
    bring_online(read_settings(), NOW)
    assert looked_up(store, [999]).drop(columns="house_id").isna().all(axis=None)


def test_a_training_set_has_the_values_that_were_known_at_the_time_of_the_price(store: FeatureStore) -> None:
    publish(boston(), publication(), read_settings(), NOW)
    corrected = boston()
    corrected.loc[7, "RM"] = 8.5
    publish(corrected, publication(), read_settings(), NOW + timedelta(days=60))
    spine = pd.DataFrame({"house_id": [7, 7, 9], "event_timestamp": [NOW, NOW + timedelta(days=60), NOW]})
    rows = store.get_historical_features(spine, store.get_feature_service("house_price_features")).to_df()
    rows = rows.sort_values(["house_id", "event_timestamp"])
    assert rows["RM"].tolist() == [boston().loc[7, "RM"], 8.5, boston().loc[9, "RM"]]


@pytest.fixture
def bundle(platform_dir: Path) -> None:
    folder = platform_dir / "models" / "v3"
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(
        '{"feature_service": "house_price_v3", "model_name": "house-price", "model_version": "3", '
        '"features": ["RM", "LSTAT"]}'
    )


def test_every_registered_model_has_a_service_of_its_features_in_its_order(bundle: None) -> None:
    store = apply_definitions(read_settings())
    assert [spec.name for spec in read_feature_service(store, "house_price_v3")] == ["RM", "LSTAT"]
    assert len(read_feature_service(store, "house_price_training")) == 14 + len(DERIVED)
