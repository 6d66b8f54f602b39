"""A model that was trained without a sensitive feature: registered, served, and never shown it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.bundle import REFERENCE_PROFILE, read_bundle
from serving.contract import read_feature_service
from serving.errors import InvalidRequestError
from serving.model import HousePriceModel
from serving.settings import Settings, read_settings
from steps.admit_features import admission_of
from steps.build_training_set import TrainingSet, derived_features, read_training_set
from steps.core.scaling import fit_scaler, restrict
from steps.core.sensitive import SensitiveFeatures
from steps.core.splitting import Preparation, split
from steps.feature_store.definitions import apply_definitions
from steps.fit_intervals import calibrate
from steps.materialize import bring_online
from steps.publish_features import publish
from steps.rank_features import explain_default
from steps.register import enrol
from steps.run_experiment import conduct
from tests.houses import boston, publication
from tests.training import experiment, interval_settings, training_parameters, validation

PRICED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
HOUSE = 7


def train_and_register(settings: Settings) -> None:
    """What the training pipeline does with `leave_out: [B]`, and one small experiment on SHAP's ten."""
    parameters = training_parameters()
    policy = parameters["sensitive_features"]
    policy = SensitiveFeatures(**policy | {"waivers": {"LSTAT": policy["waivers"]["LSTAT"]}, "leave_out": ["B"]})
    training_set = TrainingSet(**parameters["training_set"])
    rows, _ = read_training_set(settings, training_set)
    admission = admission_of(settings, training_set.feature_service, rows, policy)
    houses = rows.drop(columns=admission.left_out)
    train, test = split(houses, Preparation(**parameters["preparation"]))
    derived = derived_features(settings, training_set.feature_service)
    scaler = fit_scaler(train)
    stored = restrict(scaler, [name for name in scaler.features if name not in derived])
    ranking = explain_default(train, stored, 42, "1000 USD")[0]["feature"].tolist()
    wanted = experiment(name="top_ten", features={"shap_top": 10})
    result, model, _, left_out = conduct(train, test, scaler, ranking, wanted, validation(), {})
    fitted, _ = calibrate(result, model, left_out, scaler, train, test, interval_settings(), (1.0, 50.0))
    enrol(result, model, fitted, restrict(scaler, result.features), train, "data", "zenml-run", settings)


@pytest.fixture
def model(platform_dir: Path) -> HousePriceModel:
    """The registered version, loaded as a server loads it."""
    settings = read_settings()
    apply_definitions(settings)
    publish(boston(), publication(), settings, PRICED)
    bring_online(settings, PRICED)
    train_and_register(settings)
    loaded = HousePriceModel(settings.models_dir / "v1", settings)
    loaded.load()
    return loaded


def test_it_has_its_ten_features_without_the_one_left_out_and_serves_those_who_send_it_and_those_who_do_not(
    model: HousePriceModel,
) -> None:
    from whylogs.core import DatasetProfileView

    metadata, files = read_bundle(model.bundle)
    assert len(metadata.features) == 10
    assert "B" not in metadata.features
    assert "LSTAT" in metadata.features
    served = read_feature_service(read_settings().feature_store(), metadata.feature_service)
    assert [spec.name for spec in served] == list(metadata.features)
    assert "B" not in DatasetProfileView.deserialize(files[REFERENCE_PROFILE]).get_columns()

    house = boston().loc[HOUSE]
    names = list(metadata.features)
    prices = [
        model.price({"data": {"names": given, "ndarray": [house[given].tolist()]}})["data"]["ndarray"]
        for given in (names, [*names, "B"])
    ]
    by_id = model.price({"data": {"names": ["house_id"], "ndarray": [[HOUSE]]}})["data"]["ndarray"]
    what_if = model.price({"data": {"names": ["house_id", "B"], "ndarray": [[HOUSE, 3.5]]}})["data"]["ndarray"]
    assert prices == [by_id, what_if] == [by_id, by_id]
    with pytest.raises(InvalidRequestError) as refused:  # of no use to the model, and checked all the same
        model.price({"data": {"names": [*names, "B"], "ndarray": [[*house[names].tolist(), 401]]}})
    assert [(fault["feature"], fault["allowed"]) for fault in refused.value.details] == [("B", "0 to 400")]
    assert "B" not in json.dumps(model.init_metadata()["inputs"])
