"""A model with derived features, from Feast to the served price: the same bits wherever a ratio is computed."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import FeatureStore

from serving.bundle import MODEL, SCALER, read_bundle, read_scaler
from serving.errors import InvalidRequestError
from serving.model import HousePriceModel
from serving.protocol.openapi import document
from serving.records.rebuilding import replay
from serving.records.spool import SPOOL
from serving.settings import Settings, read_settings
from steps.build_training_set import TrainingSet, read_training_set
from steps.core.prediction import predict
from steps.core.scaling import FittedScaler, fit_scaler, restrict
from steps.core.splitting import Preparation, split
from steps.feature_store.definitions import apply_definitions
from steps.feature_store.offline_houses import earlier_values
from steps.find_champion import Champion
from steps.fit_intervals import calibrate
from steps.materialize import bring_online
from steps.predict_offline import PRICE, predict_houses
from steps.publish_features import publish
from steps.register import enrol
from steps.run_experiment import conduct
from tests.houses import DERIVED, boston, publication
from tests.serving_platform import reach
from tests.training import experiment, interval_settings, training_parameters, validation
from zenml_config.environment import ROOT, read

CHOSEN = ["LSTAT_PER_ROOM", "NOX_PER_MILE"]
STORED = ["LSTAT", "PTRATIO", "CRIM"]
MISSING = [3, 400]
PRICED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def houses() -> pd.DataFrame:
    """The 506 houses, of which two lack their LSTAT."""
    frame = boston()
    frame.loc[MISSING, "LSTAT"] = np.nan
    return frame


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A platform with published houses and a registered model that has two derived features."""
    var = tmp_path_factory.mktemp("derived")
    (var / "feast" / "offline").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        reach(patch, read(ROOT / "zenml_config" / "local.env", {"HPP_VAR_DIR": str(var)}))
        settings = read_settings()
        apply_definitions(settings)
        publish(houses(), publication(), settings, PRICED)
        bring_online(settings, PRICED)
        register(settings)
        yield settings


def training_rows(settings: Settings) -> pd.DataFrame:
    rows, _ = read_training_set(settings, TrainingSet(**training_parameters()["training_set"]))
    return rows


def register(settings: Settings) -> None:
    """What the training pipeline does with the houses of the store."""
    rows = training_rows(settings)
    train, test = split(rows, Preparation(**training_parameters()["preparation"]))
    scaler = fit_scaler(train)
    ranking = [*STORED, *(name for name in boston().columns[1:-1] if name not in STORED)]
    wanted = experiment(name="with_ratios", features={"shap_top": 3}, derived=CHOSEN)
    result, model, _, left_out = conduct(train, test, scaler, ranking, wanted, validation(), {})
    made = (result, model, left_out, scaler, train, test, interval_settings(), (1.0, 50.0))
    own = restrict(scaler, result.features)
    enrol(result, model, calibrate(*made)[0], own, train, "data", "zenml-run", settings)


@pytest.fixture(scope="module")
def store(platform: Settings) -> FeatureStore:
    return platform.feature_store()


@pytest.fixture(scope="module")
def model(platform: Settings) -> HousePriceModel:
    """The registered version, loaded in a process in which nothing of Feast's registry may be run."""
    with pytest.MonkeyPatch.context() as patch:
        forbid_running_what_the_registry_keeps(patch)
        loaded = HousePriceModel(platform.models_dir / "v1", platform)
        loaded.load()
    return loaded


def forbid_running_what_the_registry_keeps(patch: pytest.MonkeyPatch) -> None:
    import dill
    from feast.on_demand_feature_view import OnDemandFeatureView
    from feast.transformation import udf_rehydrate

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a function was read from the registry")

    patch.setattr(dill, "loads", refuse)
    patch.setattr(udf_rehydrate, "resolve_udf", refuse)
    patch.setattr(udf_rehydrate, "rehydrate_udf_from_source", refuse)
    patch.setattr(OnDemandFeatureView, "from_proto", refuse)


def ask(model: HousePriceModel, names: list[str], rows: list[list[Any]], **tags: bool) -> dict[str, Any]:
    message = {"data": {"names": names, "ndarray": rows}, "meta": {"tags": {"features": True, **tags}}}
    return model.price(message)


def features_of(reply: dict[str, Any]) -> pd.DataFrame:
    seen = reply["meta"]["tags"]["features"]
    return pd.DataFrame(seen["rows"], columns=seen["names"], dtype="float64")


def same_bits(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Assert that both hold the same numbers to the last bit, missing ones included."""
    left, right = (frame.to_numpy("float64", na_value=np.nan) for frame in (one, other[list(one.columns)]))
    np.testing.assert_array_equal(np.isnan(left), np.isnan(right))
    assert np.nan_to_num(left).tobytes() == np.nan_to_num(right).tobytes()


def test_feast_offline_feast_online_and_the_service_compute_the_same_bits(
    store: FeatureStore, model: HousePriceModel
) -> None:
    ids = list(range(506))
    spine = pd.DataFrame({"house_id": ids, "event_timestamp": PRICED})
    historical = store.get_historical_features(spine, store.get_feature_service("house_price_features")).to_df()
    historical = historical.sort_values("house_id").reset_index(drop=True)
    online = store.get_online_features(
        store.get_feature_service("house_price_features"), [{"house_id": house} for house in ids]
    ).to_df()
    served = features_of(ask(model, ["house_id"], [[house] for house in ids]))
    frame = houses()
    plain = pd.DataFrame({"LSTAT_PER_ROOM": frame["LSTAT"] / frame["RM"], "NOX_PER_MILE": frame["NOX"] / frame["DIS"]})
    same_bits(plain, historical)
    same_bits(historical[DERIVED], online)
    same_bits(served, historical)
    assert served["LSTAT_PER_ROOM"].isna().sum() == len(MISSING)
    by_raw = [
        [None if value != value else value for value in row]
        for row in frame[list(model.contract.used)].to_numpy().tolist()
    ]
    same_bits(features_of(ask(model, list(model.contract.used), by_raw)), served)


def test_the_version_keeps_how_its_ratios_are_computed_and_its_service_has_its_features(
    store: FeatureStore, platform: Settings
) -> None:
    metadata, _ = read_bundle(platform.models_dir / "v1")
    written = json.loads((platform.models_dir / "v1" / "metadata.json").read_text())
    assert written["derived"] == {
        "LSTAT_PER_ROOM": {"numerator": "LSTAT", "denominator": "RM"},
        "NOX_PER_MILE": {"numerator": "NOX", "denominator": "DIS"},
    }
    assert metadata.features == ("CRIM", "PTRATIO", "LSTAT", *CHOSEN)
    assert metadata.inputs == ("CRIM", "PTRATIO", "LSTAT", "RM", "NOX", "DIS")
    assert metadata.units["LSTAT_PER_ROOM"] == "% per room"
    online = store.get_online_features(store.get_feature_service(metadata.feature_service), [{"house_id": 7}]).to_dict()
    assert set(online) == {"house_id", *metadata.features}


def test_a_changed_part_flows_into_the_ratio_and_the_receipt_says_so(
    model: HousePriceModel, platform: Settings
) -> None:
    stored = features_of(ask(model, ["house_id"], [[7]])).loc[0]
    reply = ask(model, ["house_id", "DIS"], [[7, 2.5]])
    changed = features_of(reply).loc[0]
    assert changed["NOX_PER_MILE"] == boston().loc[7, "NOX"] / 2.5 != stored["NOX_PER_MILE"]
    assert changed.drop("NOX_PER_MILE").tolist() == stored.drop("NOX_PER_MILE").tolist()
    (replayed,) = replay(reply["meta"]["tags"]["receipt"], platform.profiles_dir / SPOOL, platform.models_dir)
    assert replayed.identical
    values = {one.feature: one for one in replayed.features}
    assert values["NOX_PER_MILE"].value == changed["NOX_PER_MILE"]
    assert values["NOX_PER_MILE"].event_time is None  # sent
    assert values["LSTAT"].event_time is not None
    assert values["NOX_PER_MILE"].unit == "parts per 10 million and mile"


def test_a_request_is_held_to_the_parts_and_not_to_the_ratio(model: HousePriceModel) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        ask(model, ["CRIM", "PTRATIO", "LSTAT", "LSTAT_PER_ROOM", "TAX_PER_ROOM"], [[1, 15, 5, 1, 50]])
    remedies = {one["feature"]: one["remedy"] for one in refused.value.details}
    assert remedies["LSTAT_PER_ROOM"] == "it is computed from LSTAT and RM: send those instead"
    assert remedies["TAX_PER_ROOM"] == "it is computed from TAX and RM: send those instead"  # of no use to this model
    assert {"RM", "NOX", "DIS"} <= remedies.keys()
    body = json.dumps({"data": {"names": list(model.contract.used), "ndarray": [[1, 15, 5, 6, 0.5, 4]]}}).encode()
    assert model.reader.read(body) is not None


def test_reasons_metadata_and_the_document_name_the_derived_features(
    model: HousePriceModel, platform: Settings
) -> None:
    told = ask(model, ["house_id"], [[7]], explain=True)["meta"]["tags"]["explanations"][0]
    assert set(told["contributions"]) == set(model.metadata.features)
    said = {one["feature"]: one for one in told["top"]} | {
        name: {"unit": model.contract.derived[name].unit} for name in CHOSEN
    }
    assert said["LSTAT_PER_ROOM"]["unit"] == "% per room"
    about = model.init_metadata()
    assert about["inputs"][0]["schema"] == {"names": list(model.contract.used), "shape": [-1, 6]}
    assert about["custom"]["derived"] == "LSTAT_PER_ROOM = LSTAT / RM, NOX_PER_MILE = NOX / DIS"
    schemas = document(model.contract, model.metadata, platform)["components"]["schemas"]
    assert schemas["RawFeatures"]["properties"]["names"]["const"] == list(model.contract.used)
    assert schemas["Feature_NOX_PER_MILE"]["readOnly"] is True
    assert schemas["Feature_NOX_PER_MILE"]["x-derived-from"] == "NOX / DIS"


def test_the_price_is_that_of_the_models_own_arithmetic(model: HousePriceModel, platform: Settings) -> None:
    rows = training_rows(platform)
    _, files = read_bundle(platform.models_dir / "v1")
    scaler = read_scaler(files[SCALER])
    fitted = FittedScaler(features=scaler.features, mean=scaler.mean, scale=scaler.scale, houses=1)
    expected = predict(files[MODEL], fitted, rows)
    answered = ask(model, ["house_id"], [[house] for house in rows["house_id"].tolist()])["data"]["ndarray"]
    assert np.array([row[0] for row in answered], dtype=np.float32).tobytes() == expected.astype(np.float32).tobytes()


def test_what_the_deployment_is_held_to_is_computed_by_feast_and_is_what_is_served(
    model: HousePriceModel, platform: Settings
) -> None:
    metadata = model.metadata
    champion = Champion(
        name=metadata.model_name,
        version=metadata.model_version,
        mlflow_run_id="",
        feature_service=metadata.feature_service,
        features=list(metadata.features),
        inputs=list(metadata.inputs),
        metrics={},
        bundle=str(model.bundle),
    )
    expected = predict_houses(champion, [0, 3, 7], platform)
    reply = ask(model, ["house_id"], [[0], [3], [7]])
    same_bits(features_of(reply), expected)
    assert expected[PRICE].tolist() == [row[0] for row in reply["data"]["ndarray"]]
    assert set(metadata.inputs) <= set(expected.columns)
    history = earlier_values(
        platform.feature_store(), metadata.feature_service, champion.features, [0], datetime.now(UTC)
    )
    assert history == {}


def test_a_version_keeps_its_ratios_when_the_contract_gives_their_names_to_others(
    model: HousePriceModel, platform: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "feature_repo"
    shutil.copytree(platform.feature_repo, repository, ignore=shutil.ignore_patterns("__pycache__"))
    definitions = repository / "houses.py"
    definitions.write_text(definitions.read_text().replace('"NOX", "DIS"', '"INDUS", "DIS"'))
    monkeypatch.setenv("HPP_FEATURE_REPO", str(repository))
    before = ask(model, ["house_id"], [[7]])
    store = apply_definitions(read_settings())
    features = {
        service: online(store, service)["NOX_PER_MILE"] for service in ("house_price_v1", "house_price_features")
    }
    house = boston().loc[7]
    assert features == {
        "house_price_v1": house["NOX"] / house["DIS"],
        "house_price_features": house["INDUS"] / house["DIS"],
    }
    again = HousePriceModel(platform.models_dir / "v1", read_settings())
    again.load()
    after = ask(again, ["house_id"], [[7]])
    assert after["data"] == before["data"]
    same_bits(features_of(after), features_of(before))


def online(store: FeatureStore, service: str) -> dict[str, float]:
    found = store.get_online_features(store.get_feature_service(service), [{"house_id": 7}]).to_dict()
    return {name: values[0] for name, values in found.items()}
