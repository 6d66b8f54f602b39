"""How the example's data become what its contract wants, and which houses its traffic asks for."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from examples.california_housing.data import averages, main
from examples.california_housing.traffic import draw
from serving.settings import read_settings
from steps.contract_table import contract_columns
from steps.contract_table import main as contract_table
from steps.core.errors import DataError
from steps.feature_store.definitions import apply_definitions
from tests.california import EXAMPLE, block_groups
from zenml_config.environment import ROOT

SHARED = Path(os.environ.get("HPP_SHARED_DATA", ROOT.parent / "shared" / "data")) / "california_housing.csv"
COUNTS = pd.DataFrame(
    {
        "longitude": [-122.23, -118.0],
        "latitude": [37.88, 34.0],
        "housing_median_age": [41, 20],
        "total_rooms": [880, 500],
        "total_bedrooms": [129, np.nan],
        "population": [322, 300],
        "households": [126, 100],
        "median_income": [8.3252, 3],
        "median_house_value": [452_600, 500_001],
        "ocean_proximity": ["NEAR BAY", "INLAND"],
    }
)


@pytest.fixture
def contract(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example's feature repository in place of the platform's."""
    monkeypatch.setenv("HPP_FEATURE_REPO", str(EXAMPLE / "feature_repo"))


def test_counts_become_averages_in_100_000_dollars_and_missing_bedrooms_stay_missing() -> None:
    found = averages(COUNTS, "the file")
    first, second = found.to_dict("records")
    assert first == pytest.approx(
        {
            "MedInc": 8.3252,
            "HouseAge": 41,
            "AveRooms": 880 / 126,
            "AveBedrms": 129 / 126,
            "Population": 322,
            "AveOccup": 322 / 126,
            "Latitude": 37.88,
            "Longitude": -122.23,
            "MedHouseVal": 4.526,
        }
    )
    assert np.isnan(second["AveBedrms"])
    assert second["MedHouseVal"] == 5.00001


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (COUNTS.drop(columns="households"), "the file lacks households"),
        (COUNTS.assign(households=[126, 0]), "row 1: households is 0, wanted more than 0"),
        (COUNTS.assign(population=["322", "many"]), "many"),
    ],
)
def test_counts_that_cannot_be_averaged_are_refused_by_name(counts: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        averages(counts, "the file")


def test_a_file_that_is_not_there_is_told_and_nothing_is_written(
    platform_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(platform_dir / "nowhere.csv")]) == 1
    assert "nowhere.csv cannot be read" in capsys.readouterr().err
    assert not (platform_dir / "houses.csv").exists()


@pytest.mark.usefixtures("contract")
def test_the_contract_has_the_columns_of_scikit_learn_and_says_the_unit_and_the_cap_of_the_price() -> None:
    columns = contract_columns(read_settings())
    stored = [column.name for column in columns if column.ratio is None]
    assert stored == list(averages(COUNTS, "the file").columns)
    price = columns[-1]
    assert (price.unit, price.maximum) == ("100000 USD", 5.00001)
    assert "capped at 5.00001" in price.description


@pytest.mark.usefixtures("contract")
def test_the_table_in_the_guide_is_what_the_contract_says() -> None:
    assert contract_table(["--check", "--page", str(EXAMPLE / "README.md")]) == 0


@pytest.mark.usefixtures("contract")
def test_a_registered_version_has_a_feature_service_in_the_example_too(platform_dir: Path) -> None:
    folder = read_settings().models_dir / "v3"
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(
        '{"model_name": "house-price", "model_version": "3", "feature_service": "house_price_v3", '
        '"features": ["MedInc", "BedrmsPerRoom"], "units": {}, '
        '"derived": {"BedrmsPerRoom": {"numerator": "AveBedrms", "denominator": "AveRooms"}}}'
    )
    store = apply_definitions(read_settings())
    views = store.get_feature_service("house_price_v3").feature_view_projections
    assert [field.name for view in views for field in view.features] == ["MedInc", "BedrmsPerRoom"]


def test_the_traffic_of_a_region_asks_for_its_houses_only_and_for_each_once() -> None:
    houses = block_groups(300)
    asked = pd.concat(draw(houses, "south"))
    assert asked["Latitude"].max() < 35.8
    assert len(asked) == (houses["Latitude"] < 35.8).sum()
    assert asked.index.is_unique


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not there; set HPP_SHARED_DATA")
def test_the_20_640_rows_in_circulation_are_within_the_contract(
    contract: None, platform_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(SHARED)]) == 0
    assert "20,640 houses" in capsys.readouterr().out
    houses = pd.read_csv(platform_dir / "houses.csv")
    for column in contract_columns(read_settings()):
        if column.ratio is None:
            values = houses[column.name]
            assert [value for value in values.dropna() if column.fault(value)] == []
            assert values.isna().mean() <= column.max_missing_share
    assert int(houses["AveBedrms"].isna().sum()) == 207
    assert int((houses["MedHouseVal"] == 5.00001).sum()) == 965
