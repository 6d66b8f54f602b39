"""The gate and the registration against a real MLflow registry and a real Feast registry."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from whylogs.core import DatasetProfileView

from serving.bundle import CARD, CARD_PAGE, REFERENCE_ERRORS, REFERENCE_PROFILE, read_bundle
from serving.contract import read_feature_service
from serving.pricing.intervals import INTERVALS, Intervals
from serving.pricing.predictor import Predictor
from serving.records.receipts import header_of
from serving.settings import read_settings
from steps import register
from steps.core.card_evidence import CardEvidence
from steps.core.errors import GateError, PlatformError
from steps.core.experiments import ExperimentResult
from steps.core.intervals import FittedIntervals
from steps.core.model_card import description
from steps.core.prediction import predict
from steps.core.promotion import Verdict
from steps.core.reference_errors import read_reference_errors
from steps.core.scaling import FittedScaler, fit_scaler, restrict
from steps.feature_store.definitions import apply_definitions
from steps.fit_intervals import calibrate
from steps.gate import decide
from steps.models.copies import restore_copy
from steps.models.registry import champion_version, version_under, versions
from steps.register import RegisteredModel, enrol
from steps.run_experiment import conduct
from steps.tracking.runs import ALIAS, CHALLENGER, MODEL, mlflow_client
from tests.cards import evidence
from tests.mlflow_server import mlflow_server
from tests.training import experiment, interval_settings, prepared, promotion, validation
from zenml_config.environment import ROOT, read

GOOD = {"n_estimators": 60, "max_depth": 4}
FOLDS = validation(folds=4)


@dataclass
class Trained:
    """An experiment that was carried out, and what it was made from."""

    result: ExperimentResult
    model: bytes
    intervals: FittedIntervals
    left_out: pd.DataFrame
    scaler: FittedScaler
    train: pd.DataFrame
    test: pd.DataFrame

    def judged(self, fingerprint: str = "data", **limits: float) -> Verdict:
        """What the gate says of it."""
        return self.judged_with_errors(fingerprint, **limits)[0]

    def judged_with_errors(self, fingerprint: str = "data", **limits: float) -> tuple[Verdict, pd.DataFrame]:
        """What the gate says of it, and the errors by house."""
        made = (self.result, self.left_out, self.intervals, self.scaler, self.train)
        return decide(*made, fingerprint, FOLDS, promotion(**limits), read_settings())

    def registered(
        self, fingerprint: str = "data", alias: str = ALIAS, card: CardEvidence | None = None
    ) -> RegisteredModel:
        """The version that it gets."""
        scaler = restrict(self.scaler, self.result.features)
        made = (self.result, self.model, self.intervals, scaler, self.train)
        return enrol(*made, fingerprint, "zenml-run", read_settings(), alias, card, self.left_out)

    def with_coverage(self, coverage: float) -> "Trained":
        """The same model with other intervals."""
        wanted = interval_settings(coverage=coverage)
        made = (self.result, self.model, self.left_out, self.scaler, self.train, self.test, wanted, (1.0, 50.0))
        return replace(self, intervals=calibrate(*made)[0])


def trained(parameters: dict[str, int] = GOOD, rows: tuple[pd.DataFrame, pd.DataFrame] | None = None) -> Trained:
    train, test = rows or prepared()[:2]
    scaler = fit_scaler(train)
    ranking = ["LSTAT", "RM", "DIS", *(name for name in scaler.features if name not in ("LSTAT", "RM", "DIS"))]
    wanted = experiment(features={"shap_top": 10}, parameters=parameters)
    result, model, _, left_out = conduct(train, test, scaler, ranking, wanted, FOLDS, {"data_fingerprint": "data"})
    made = (result, model, left_out, scaler, train, test, interval_settings(), (1.0, 50.0))
    return Trained(result, model, calibrate(*made)[0], left_out, scaler, train, test)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Trained]]:
    """A platform whose definitions are applied, and a model that was trained on it."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in read(ROOT / "zenml_config" / "local.env", {"HPP_VAR_DIR": str(folder)}).items():
            if not name.startswith("ZENML"):
                patch.setenv(name, value)
        apply_definitions(read_settings())
        yield folder, trained()


@pytest.fixture
def first(template: tuple[Path, Trained], platform_dir: Path) -> Trained:
    """A trained model, on a platform of the test's own."""
    for part in ("feast", "mlflow"):
        shutil.copytree(template[0] / part, platform_dir / part, dirs_exist_ok=True)
    return template[1]


def test_the_first_champion_gets_a_version_a_bundle_and_a_feature_service(first: Trained) -> None:
    verdict = first.judged()
    assert (verdict.outcome, verdict.champion_version) == ("promote", None)
    assert "no champion yet" in verdict.reason
    made = first.registered()
    assert (made.version, made.is_new) == ("1", True)

    metadata, files = read_bundle(Path(made.bundle))
    raw = first.test[list(metadata.features)].to_numpy("float64")
    served = Predictor(metadata, files).predict(raw)
    np.testing.assert_array_equal(served, predict(first.model, restrict(first.scaler, metadata.features), first.test))
    assert Intervals(files[INTERVALS]).coverage == 0.9
    assert (first.result.metrics | first.intervals.metrics) == metadata.metrics
    profile = DatasetProfileView.deserialize(files[REFERENCE_PROFILE])
    assert set(profile.get_columns()) == set(first.train.columns) - {"house_id"}
    assert metadata.units["RM"] == "rooms"
    assert set(metadata.units) == {*metadata.features, "MEDV"}
    errors = read_reference_errors(files[REFERENCE_ERRORS])
    assert errors.features == metadata.features
    assert np.abs(errors.errors).mean() == pytest.approx(metadata.metrics["cv_mae"], rel=0.01)
    np.testing.assert_array_equal(errors.values, first.train[list(metadata.features)])

    specs = read_feature_service(read_settings().feature_store(), "house_price_v1")
    assert tuple(spec.name for spec in specs) == metadata.features == first.result.features

    client = mlflow_client()
    version = client.get_model_version_by_alias(MODEL, "champion")
    assert version.tags == {
        "model_digest": first.result.model_digest,
        "intervals_digest": first.intervals.digest,
        "data_fingerprint": "data",
        "experiment": "quick",
        "feature_service": "house_price_v1",
        "zenml_run": "zenml-run",
        "git_commit": metadata.git_commit,
        "bundle": made.bundle,
    }
    copied = {file.path for file in client.list_artifacts(first.result.mlflow_run_id, "bundle/v1")}
    assert copied == {f"bundle/v1/{path.name}" for path in Path(made.bundle).iterdir()}
    # The model in MLflow takes raw features, too.
    logged = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    raw_frame = first.test[list(metadata.features)]
    np.testing.assert_allclose(logged.predict(raw_frame), served, rtol=1e-6)


def test_the_same_model_from_the_same_data_makes_nothing_new(first: Trained) -> None:
    first.registered()
    assert first.judged().outcome == "unchanged"
    again = first.registered()
    assert (again.version, again.is_new) == ("1", False)
    assert len(versions(mlflow_client())) == 1


def test_a_better_model_takes_the_place_and_the_old_one_can_still_be_served(first: Trained) -> None:
    trained({"n_estimators": 2}).registered()
    verdict, errors = first.judged_with_errors()
    assert (verdict.outcome, verdict.rule, verdict.champion_version) == ("promote", "better", "1")
    assert verdict.evidence is not None
    assert len(errors) == 404
    assert errors["challenger_error"].mean() < errors["champion_error"].mean()
    assert first.registered().version == "2"
    assert champion_version(mlflow_client()) == "2"
    store = read_settings().feature_store()
    assert read_feature_service(store, "house_price_v1") == read_feature_service(store, "house_price_v2")


def test_what_misses_a_floor_ends_the_run_and_what_is_worse_becomes_the_challenger(first: Trained) -> None:
    first.registered()
    with pytest.raises(GateError, match="test RMSE is"):
        first.judged(maximum_test_rmse=0.1)
    worse = trained({"n_estimators": 3})
    verdict = worse.judged(maximum_test_rmse=50, minimum_test_r2=-1)
    assert (verdict.outcome, verdict.rule) == ("challenge", "not better")
    made = worse.registered(alias=CHALLENGER)
    assert (made.version, made.alias) == ("2", "challenger")
    assert champion_version(mlflow_client()) == "1"
    assert version_under(mlflow_client(), CHALLENGER) == "2"
    store = read_settings().feature_store()
    assert read_feature_service(store, "house_price_v2") == read_feature_service(store, "house_price_v1")


def test_a_challenger_that_takes_the_place_is_no_challenger_any_more(first: Trained) -> None:
    first.registered(alias=CHALLENGER)
    assert (champion_version(mlflow_client()), version_under(mlflow_client(), CHALLENGER)) == (None, "1")
    made = first.registered()
    assert (made.version, made.is_new) == ("1", False)
    assert (champion_version(mlflow_client()), version_under(mlflow_client(), CHALLENGER)) == ("1", None)


def test_the_same_procedure_on_newer_data_takes_the_place_and_a_lack_of_the_champions_features_too(
    first: Trained,
) -> None:
    first.registered()
    assert (first.judged("newer").outcome, first.judged("newer").rule) == ("promote", "fresher")
    without = replace(first, train=first.train.drop(columns="LSTAT"))
    verdict = without.judged("newer")
    assert (verdict.outcome, verdict.rule) == ("promote", "contract")
    assert "version 1 needs LSTAT" in verdict.reason


def test_the_same_model_with_other_intervals_is_a_version_of_its_own(first: Trained) -> None:
    first.registered()
    assert first.judged().outcome == "unchanged"
    wider = first.with_coverage(0.95)
    assert wider.judged().outcome == "promote"
    assert (wider.registered().version, wider.registered().is_new) == ("2", False)
    assert Intervals(read_bundle(read_settings().models_dir / "v2")[1][INTERVALS]).coverage == 0.95


def test_a_run_that_was_stopped_before_the_bundle_is_finished_by_the_next_one(
    first: Trained, platform_dir: Path
) -> None:
    models = read_settings().models_dir
    models.write_text("in the way")
    with pytest.raises(OSError, match="models"):
        first.registered()
    assert [version.version for version in versions(mlflow_client())] == [1]
    assert champion_version(mlflow_client()) is None
    models.unlink()
    (models / ".v1.left").mkdir(parents=True)
    made = first.registered()
    assert (made.version, made.is_new) == ("1", True)
    assert champion_version(mlflow_client()) == "1"
    assert [path.name for path in models.iterdir()] == ["v1"]


def test_a_version_without_a_bundle_is_reported_and_never_serves(
    first: Trained, platform_dir: Path, warned: Callable[[], list[str]]
) -> None:
    orphan = trained({"n_estimators": 20})
    models = read_settings().models_dir
    models.write_text("in the way")
    with pytest.raises(OSError, match="models"):
        orphan.registered()
    models.unlink()
    assert first.registered().version == "2"
    assert [text for text in warned() if "Version 1 of house-price has no bundle" in text]
    assert champion_version(mlflow_client()) == "2"


def test_the_card_is_in_the_bundle_in_mlflows_copy_of_it_and_in_the_registry_in_short(first: Trained) -> None:
    card = evidence(champion=first.result)
    made = first.registered(card=card)
    metadata, files = read_bundle(Path(made.bundle))
    assert {CARD, CARD_PAGE} <= metadata.files.keys()
    assert files[CARD].startswith(b"# Model card: house-price version 1")
    assert metadata.created_at in files[CARD].decode()
    assert b"house-price v1: model card</title>" in files[CARD_PAGE]
    version = mlflow_client().get_model_version(MODEL, "1")
    assert version.description == description(card)
    told = (version.tags["sensitive_features"], version.tags["left_out_features"])
    assert told == ("LSTAT", "LSTAT, LSTAT_PER_ROOM")  # the model's ten have no B
    shutil.rmtree(made.bundle)
    restored = restore_copy(mlflow_client(), read_settings(), "1")
    assert read_bundle(restored)[1] == files


def test_a_version_from_before_there_were_cards_gets_none_when_its_alias_changes(first: Trained) -> None:
    first.registered(alias=CHALLENGER)
    made = first.registered(card=evidence(champion=first.result))
    assert (made.version, champion_version(mlflow_client())) == ("1", "1")
    assert CARD not in read_bundle(Path(made.bundle))[0].files
    assert not mlflow_client().get_model_version(MODEL, "1").description


def test_a_run_that_was_stopped_after_the_bundle_goes_on_with_the_card_that_is_in_it(
    first: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    card = evidence(champion=first.result)
    with monkeypatch.context() as patch:
        patch.setattr(register, "apply_definitions", stop)
        with pytest.raises(KeyboardInterrupt):
            first.registered(card=card)
    written = (read_settings().models_dir / "v1" / CARD).read_bytes()
    assert mlflow_client().get_model_version(MODEL, "1").description != description(card)
    made = first.registered(card=card)
    assert (made.version, champion_version(mlflow_client())) == ("1", "1")
    assert (Path(made.bundle) / CARD).read_bytes() == written
    assert mlflow_client().get_model_version(MODEL, "1").description == description(card)


def test_a_card_that_was_changed_is_written_anew_and_receipts_do_not_mind(first: Trained) -> None:
    made = first.registered(card=evidence(champion=first.result))
    before, _ = read_bundle(Path(made.bundle))
    with (Path(made.bundle) / CARD).open("a") as card:
        card.write("all is well")
    first.registered(card=evidence(champion=first.result).model_copy(update={"zenml_run": "another"}))
    after, files = read_bundle(Path(made.bundle))
    assert b"all is well" not in files[CARD]
    assert before.files[CARD] != after.files[CARD]
    assert header_of(before, ["MEDV"]).files == header_of(after, ["MEDV"]).files


def test_a_lost_or_damaged_bundle_of_the_champion_is_made_anew(first: Trained) -> None:
    made = first.registered()
    model = Path(made.bundle) / "model.ubj"
    model.write_bytes(b"spoiled")
    verdict = first.judged()
    assert (verdict.outcome, verdict.champion_version) == ("promote", None)
    assert "is lost" in verdict.reason
    assert first.registered().version == "1"
    read_bundle(Path(made.bundle))
    assert len(list(Path(made.bundle).parent.glob("damaged-v1-*"))) == 1


def test_a_bundle_of_another_registry_is_not_taken_for_the_versions(
    first: Trained, platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first.registered()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{platform_dir}/another.db")
    other = trained({"n_estimators": 20})
    with pytest.raises(PlatformError, match=r"v1 holds another model than version 1"):
        other.registered()
    assert champion_version(mlflow_client()) is None


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What the registration has warned of so far."""
    import logging

    texts: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(record.getMessage())

    handler = Keep(logging.WARNING)
    register.logger.addHandler(handler)
    monkeypatch.setattr(handler, "level", logging.WARNING)
    return lambda: texts


def test_a_server_of_mlflow_which_checks_more_than_its_store_registers_a_model_too(
    first: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow_server(os.environ["MLFLOW_TRACKING_URI"]) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        try:
            made = first.registered()
            version = mlflow_client().get_model_version(MODEL, made.version)
            assert (version.source, version.aliases) == (first.result.model_uri, [ALIAS])
        finally:
            mlflow.set_tracking_uri("")  # MLflow keeps for the process what it was told, and the server ends
