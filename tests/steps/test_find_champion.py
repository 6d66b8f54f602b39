"""Which version is to be served."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from serving.bundle import read_metadata
from serving.settings import Settings
from steps.core.errors import DeploymentError
from steps.find_champion import Champion, ModelChoice, from_metadata, read_champion
from tests.serving_platform import USED, ServingPlatform

CHOICE = ModelChoice(name="house-price", alias="champion")


def test_without_a_champion_the_training_pipeline_is_named(serving_settings: Settings) -> None:
    with pytest.raises(DeploymentError, match=r"no version of 'house-price' .*'champion'.*training pipeline"):
        read_champion(CHOICE, serving_settings)


def test_the_champion_is_the_version_under_the_alias_with_its_bundle(
    champion: Callable[[str], None], serving_settings: Settings, serving_platform: ServingPlatform
) -> None:
    champion("2")
    found = read_champion(CHOICE, serving_settings)
    assert (found.version, found.feature_service, found.features) == ("2", "house_price_v2", list(USED))
    assert found.bundle == str(serving_platform.bundles["2"])
    assert found.unit == "1000 USD"
    champion("1")
    assert read_champion(CHOICE, serving_settings).version == "1"


def test_a_version_whose_bundle_is_missing_or_damaged_is_refused(
    champion: Callable[[str], None], serving_settings: Settings, serving_platform: ServingPlatform, tmp_path: Path
) -> None:
    elsewhere = serving_settings.model_copy(update={"models_dir": tmp_path / "models"})
    champion("2")
    with pytest.raises(DeploymentError, match=r"Version 2 .*v2 is no model bundle"):
        read_champion(CHOICE, elsewhere)
    damaged = shutil.copytree(serving_platform.bundles["2"], elsewhere.models_dir / "v2")
    (damaged / "scaler.json").write_text("{}")
    with pytest.raises(DeploymentError, match=r"scaler\.json was changed"):
        read_champion(CHOICE, elsewhere)


def test_a_bundle_or_a_record_of_before_without_a_unit_says_so_in_words(serving_platform: ServingPlatform) -> None:
    folder = serving_platform.bundles["2"]
    bare = from_metadata(msgspec.structs.replace(read_metadata(folder), units={}), folder)
    assert bare.unit == "the unit of the price"
    assert Champion.model_validate(bare.model_dump(exclude={"unit"})).unit == "the unit of the price"
