"""The training set from a real Feast store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from serving.contract import HOUSE_FEATURES
from serving.errors import ContractError
from serving.settings import read_settings
from steps import build_training_set
from steps.build_training_set import TrainingSet, derived_features, read_training_set
from steps.core.errors import ConfigurationError, DataError
from steps.core.fingerprint import fingerprint
from steps.core.spine import spine
from steps.feature_store.definitions import apply_definitions
from steps.feature_store.offline_store import history_path, read_history, write_history
from steps.publish_features import publish
from tests.houses import DERIVED, FINGERPRINT, boston, publication
from tests.training import PRICED, publish_boston, training_parameters


def built(**changes: object) -> pd.DataFrame:
    """The training set that training.yaml asks for, but for the changes."""
    houses, _ = read_training_set(read_settings(), wanted(**changes))
    return houses


def stored_part(houses: pd.DataFrame) -> pd.DataFrame:
    """Without what is derived."""
    return houses.drop(columns=derived_features(read_settings(), wanted().feature_service))


def wanted(**changes: object) -> TrainingSet:
    return TrainingSet(**{**training_parameters()["training_set"], **changes})


def test_it_is_what_was_published_house_by_house(platform_dir: Path) -> None:
    publish_boston()
    houses = built()
    stored = stored_part(houses)
    pd.testing.assert_frame_equal(stored, boston())
    assert fingerprint(stored) == FINGERPRINT
    assert houses.columns.tolist() == [*boston().columns[:-1], *DERIVED, "MEDV"]
    assert houses["TAX_PER_ROOM"].tolist() == (boston()["TAX"] / boston()["RM"]).tolist()


def test_what_was_observed_after_the_price_became_known_is_not_seen(platform_dir: Path) -> None:
    publish_boston()
    changed = boston()
    changed.loc[3, "RM"] = 8.5  # observed 30 days before it is published: a day after the price in the first case
    publish(changed, publication(), read_settings(), PRICED + timedelta(days=31))
    assert built().loc[3, "RM"] == boston().loc[3, "RM"]


def test_a_value_that_was_corrected_before_the_price_is_seen(platform_dir: Path) -> None:
    publish_boston()
    changed = boston()
    changed.loc[3, ["RM", "MEDV"]] = [8.5, 33.0]
    publish(changed, publication(), read_settings(), PRICED + timedelta(days=1))
    houses = built()
    assert houses.loc[3, ["RM", "MEDV"]].tolist() == [8.5, 33.0]
    assert len(houses) == 506


def test_houses_whose_features_have_expired_are_named(platform_dir: Path) -> None:
    publish_boston()
    path = history_path(read_settings().offline_dir, HOUSE_FEATURES)
    history = read_history(path, [name for name in boston().columns if name not in ("house_id", "MEDV")])
    history.loc[history["house_id"] == 7, "event_timestamp"] -= timedelta(days=400)
    write_history(path, history)
    with pytest.raises(DataError, match=r"1 of 506 houses have expired \(house_id 7\).*ttl"):
        built()
    houses, report = read_training_set(read_settings(), wanted(expired="keep"))
    assert (len(houses), report.expired, report.expired_houses) == (506, 1, [7])
    assert houses.loc[7, "CRIM":"LSTAT"].isna().all()  # type: ignore[misc]  # a slice of names
    assert houses.loc[7, "MEDV"] == boston().loc[7, "MEDV"]
    pd.testing.assert_frame_equal(stored_part(houses).drop(index=7), boston().drop(index=7))


def test_a_set_as_it_was_known_then_has_neither_later_corrections_nor_later_houses(platform_dir: Path) -> None:
    apply_definitions(read_settings())
    publish(boston().iloc[:400], publication(), read_settings(), PRICED)
    changed = boston()
    changed.loc[3, ["RM", "MEDV"]] = [8.5, 33.0]
    publish(changed, publication(), read_settings(), PRICED + timedelta(days=1))
    now, then = built(), built(as_of=PRICED + timedelta(hours=1))
    assert (len(now), len(then)) == (506, 400)
    assert now.loc[3, ["RM", "MEDV"]].tolist() == [8.5, 33.0]
    pd.testing.assert_frame_equal(stored_part(then), boston().iloc[:400])
    with pytest.raises(DataError, match=r"no prices in .* as of 2026-02-01"):
        built(as_of=datetime(2026, 2, 1, tzinfo=UTC))


@pytest.mark.parametrize("kind", ["duckdb", "file"])
def test_feasts_own_stores_give_the_same_set_and_say_that_they_cannot_look_back(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("HPP_OFFLINE_STORE", f"{{type: {kind}}}")
    publish_boston()
    pd.testing.assert_frame_equal(stored_part(built()), boston())
    with pytest.raises(ConfigurationError, match=f"{kind} store cannot do"):
        built(as_of=PRICED)


def test_a_spine_that_lets_later_rows_in_is_caught(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_boston()
    changed = boston()
    changed.loc[3, "RM"] = 8.5  # observed a day after its price in the first case
    publish(changed, publication(), read_settings(), PRICED + timedelta(days=31))

    def at_the_end(prices: pd.DataFrame, as_of: datetime | None = None) -> pd.DataFrame:
        return spine(prices, as_of).assign(event_timestamp=pd.Timestamp(PRICED + timedelta(days=40)))

    monkeypatch.setattr(build_training_set, "spine", at_the_end)
    with pytest.raises(DataError, match=r"1 rows of house_features see the future, first house_id 3: observed at 2026"):
        built()


def test_an_empty_store_says_what_to_run(platform_dir: Path) -> None:
    apply_definitions(read_settings())
    with pytest.raises(DataError, match=r"There are no prices in .*feature_pipeline -c"):
        built()


def test_an_unknown_feature_service_is_named(platform_dir: Path) -> None:
    publish_boston()
    with pytest.raises(ContractError, match="'nothing' is not in the Feast registry"):
        built(feature_service="nothing")
