"""The training set from a real Feast store."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from serving.contract import HOUSE_FEATURES
from serving.errors import ContractError
from serving.settings import read_settings
from steps.apply_contract import apply_definitions
from steps.build_training_set import read_training_set
from steps.core.errors import DataError
from steps.core.fingerprint import fingerprint
from steps.offline_store import history_path, read_history, write_history
from steps.publish_features import publish
from tests.houses import FINGERPRINT, boston, publication
from tests.training import PRICED, publish_boston, training_parameters

SERVICE = training_parameters()["training_set"]["feature_service"]


def test_it_is_what_was_published_house_by_house(platform_dir: Path) -> None:
    publish_boston()
    houses = read_training_set(read_settings(), SERVICE)
    pd.testing.assert_frame_equal(houses, boston())
    assert fingerprint(houses) == FINGERPRINT


def test_what_was_observed_after_the_price_became_known_is_not_seen(platform_dir: Path) -> None:
    publish_boston()
    changed = boston()
    changed.loc[3, "RM"] = 8.5  # observed 30 days before it is published: a day after the price in the first case
    publish(changed, publication(), read_settings(), PRICED + timedelta(days=31))
    assert read_training_set(read_settings(), SERVICE).loc[3, "RM"] == boston().loc[3, "RM"]


def test_a_value_that_was_corrected_before_the_price_is_seen(platform_dir: Path) -> None:
    publish_boston()
    changed = boston()
    changed.loc[3, ["RM", "MEDV"]] = [8.5, 33.0]
    publish(changed, publication(), read_settings(), PRICED + timedelta(days=1))
    houses = read_training_set(read_settings(), SERVICE)
    assert houses.loc[3, ["RM", "MEDV"]].tolist() == [8.5, 33.0]
    assert len(houses) == 506


def test_houses_whose_features_have_expired_are_named(platform_dir: Path) -> None:
    publish_boston()
    path = history_path(read_settings().offline_dir, HOUSE_FEATURES)
    history = read_history(path, [name for name in boston().columns if name not in ("house_id", "MEDV")])
    history.loc[history["house_id"] == 7, "event_timestamp"] -= timedelta(days=400)
    write_history(path, history)
    with pytest.raises(DataError, match=r"house_id 7\)"):
        read_training_set(read_settings(), SERVICE)


def test_an_empty_store_says_what_to_run(platform_dir: Path) -> None:
    apply_definitions(read_settings())
    with pytest.raises(DataError, match=r"There are no prices in .*feature_pipeline -c"):
        read_training_set(read_settings(), SERVICE)


def test_an_unknown_feature_service_is_named(platform_dir: Path) -> None:
    publish_boston()
    with pytest.raises(ContractError, match="'nothing' is not in the Feast registry"):
        read_training_set(read_settings(), "nothing")
