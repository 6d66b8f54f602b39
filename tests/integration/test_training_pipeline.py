"""Whole runs of the training pipeline in a real ZenML store, with small searches."""

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from mlflow.entities import Run
from mlflow.models import get_model_info
from zenml.client import Client
from zenml.models import PipelineRunResponse

from pipelines.training import training_pipeline
from serving.bundle import REFERENCE_ERRORS, read_bundle
from serving.settings import read_settings
from steps.core.errors import ConfigurationError, GateError
from steps.core.evaluation import errors
from steps.core.experiments import ExperimentResult
from steps.core.prediction import predict
from steps.core.reference_errors import read_reference_errors
from steps.core.scaling import FittedScaler, restrict
from steps.tracking.runs import EXPERIMENT, mlflow_client
from tests.closing_table import closing_table
from tests.conftest import forget_stacks
from tests.dashboard_pages import pages_of
from tests.houses import FINGERPRINT
from tests.training import publish_boston, training_parameters
from zenml_config.stack import register_stack

PAGES_WITH_PRICES = {
    "rank_features": "feature_selection",
    "choose_champion": "experiment_comparison",
    "quality_report": "quality_report",
    "measure_sensitive": "sensitive_cost_report",
    "fit_intervals": "interval_coverage",
    "register": "model_card",
}
NAMES = [
    "all_features_tuned",
    "shap_top10_default",
    "shap_top10_tuned",
    "all_features_bagged",
    "all_features_by_region",
]


@pytest.fixture
def platform(no_earlier_runs: None, platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A platform with published houses, whose MLflow store is that of the ZenML stack, too."""
    register_stack()
    forget_stacks()
    publish_boston()
    yield platform_dir
    monkeypatch.undo()
    register_stack()


def run(folder: Path, **changes: dict[str, Any]) -> PipelineRunResponse:
    """A run with the settings of training.yaml, but four candidates on two folds of small models."""
    parameters = training_parameters()
    for experiment in parameters["experiments"]:
        if experiment.get("bagging"):
            experiment["bagging"], experiment["parameters"]["n_estimators"] = {"seeds": 2}, 30
        if experiment["search"]:
            space = {"n_estimators": {"randint": [30, 60]}, "max_depth": {"randint": [3, 5]}}
            experiment["search"] = {"iterations": 4, "folds": 2, "space": space}
    parameters["validation"] |= {"folds": 3, "repeats": 1}
    parameters["quality"] |= {"folds": 2}
    parameters["feature_selection"] |= {"resamples": 10}
    parameters["sensitive_features"]["cost"] |= {"parameters": {"n_estimators": 30}, "bagging": None, "repeats": 1}
    for block, values in changes.items():
        parameters[block] |= values
    config = folder / "training.yaml"
    config.write_text(yaml.safe_dump({"parameters": parameters}))
    training_pipeline.with_options(config_path=str(config))()
    return Client().list_pipeline_runs(sort_by="desc:created").items[0]


def warns(line: logging.LogRecord) -> bool:
    """Whether a line of a run's log is a warning, other than that of a close choice of features."""
    return line.levelno >= logging.WARNING and "borderline" not in line.getMessage()


def is_deprecated_call(said: warnings.WarningMessage) -> bool:
    """Whether the warning is of something deprecated, wherever it points to; ZenML warns of its own in itself."""
    of = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
    return issubclass(said.category, of) and "/site-packages/zenml/" not in said.filename


def output(done: PipelineRunResponse, step: str, name: str) -> Any:
    return done.steps[step].outputs[name][0]


@pytest.mark.timeout(1800)  # whole trainings in one test, on a machine that may be busy
def test_a_run_leaves_the_experiments_and_a_champion_and_the_next_one_has_nothing_to_do(
    platform: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        done = run(platform)
    assert [said for said in told if is_deprecated_call(said)] == []
    assert [line.getMessage() for line in caplog.records if warns(line)] == []
    assert done.status == "completed"
    results = [output(done, name, f"{name}_result").load() for name in NAMES]
    holds_what_each_experiment_is(results, output(done, "rank_features", "feature_ranking").load())
    holds_a_mlflow_run_for_each(results, done)
    holds_how_sure_the_choice_of_features_is(done)
    holds_what_the_dashboard_shows(done)
    holds_the_registered_champion(done, champion(results))
    holds_the_champions_intervals(done, champion(results))
    holds_the_report_on_its_quality(done, champion(results))
    holds_what_became_of_the_sensitive_features(done)
    holds_the_model_card(done, champion(results))
    closes_with_the_champion(done, champion(results))
    is_found_by_its_figures(done, champion(results))

    again = run(platform)
    assert {name for name, step in again.steps.items() if step.status != "cached"} == {
        "build_training_set",
        "read_statements",
        "admit_features",
        "describe_model",
        "fit_intervals",
        "gate",
        "register",
    }
    registered = output(again, "register", "registered_model").load()
    assert (registered.version, registered.is_new) == ("1", False)

    # A sensitive feature without a waiver ends the run before anything is computed.
    with pytest.raises(ConfigurationError, match=r"B \(.*\) is a sensitive feature and has no waiver"):
        run(platform, sensitive_features={"waivers": {"LSTAT": "so"}})

    # Another seed gives other models; the floors cannot be reached: what serves stays.
    with pytest.raises(GateError, match="may not serve"):
        run(platform, validation={"model_seed": 1}, promotion={"maximum_test_rmse": 0.5})
    assert str(mlflow_client().get_model_version_by_alias(EXPERIMENT, "champion").version) == "1"
    assert [path.name for path in read_settings().models_dir.iterdir()] == ["v1"]


def closes_with_the_champion(done: PipelineRunResponse, best: ExperimentResult) -> None:
    shown = closing_table("training", done)
    assert f"✓ │ {best.name}" in shown
    assert "gate           promote: " in shown
    assert "version        house-price 1, champion; " in shown
    assert "log            the.log" in shown


def is_found_by_its_figures(done: PipelineRunResponse, best: ExperimentResult) -> None:
    facts = Client().get_pipeline_run(done.id).run_metadata
    assert (facts["experiment"], facts["verdict"], facts["version"]) == (best.name, "promote", "1")
    assert facts["cv_rmse"] == pytest.approx(best.metrics["cv_rmse"])
    for wanted, found in (("verdict:promote", [done.id]), ("cv_rmse:lt:100", [done.id]), ("cv_rmse:gt:100", [])):
        assert [run.id for run in Client().list_pipeline_runs(run_metadata=[wanted])] == found, wanted


def champion(results: list[ExperimentResult]) -> ExperimentResult:
    return min(results, key=lambda result: result.metrics["cv_rmse"])


def holds_what_each_experiment_is(results: list[ExperimentResult], ranking: pd.DataFrame) -> None:
    tuned, default, top_tuned, bagged, by_region = results
    assert len(tuned.features) == 13
    assert default.features == top_tuned.features
    assert set(default.features) == set(ranking["feature"].head(10))
    assert default.parameters == {}
    for searched in (tuned, top_tuned):
        assert {"n_estimators", "max_depth", "max_bin"} == set(searched.parameters)
        assert searched.metrics["search_rmse"] > 0
    assert bagged.parameters.items() >= {"n_estimators": 30, "bagging_seeds": 2}.items()
    assert by_region.parameters == bagged.parameters | {
        "segment_column": "RAD",
        "segment_cuts": "16.0",
        "segment_pooling": 0.0,
        "segment_minimum": 60,
    }
    for result in results:
        assert result.metrics["train_rmse"] < result.metrics["cv_rmse"]
        assert result.metrics["test_r2"] > 0.8


def holds_a_mlflow_run_for_each(results: list[ExperimentResult], done: PipelineRunResponse) -> None:
    client = mlflow_client()
    runs = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    by_name = {run.info.run_name: run for run in runs}
    assert set(by_name) == {*NAMES, done.name}
    for result in results:
        kept = by_name[result.name]
        assert kept.info.run_id == result.mlflow_run_id
        assert kept.data.tags["mlflow.parentRunId"] == by_name[done.name].info.run_id
        assert kept.data.tags["data_fingerprint"] == FINGERPRINT
        assert kept.data.tags["zenml_run"] == str(done.id)
        assert kept.data.tags["feature_service"] == "house_price_training"
        assert kept.data.tags["git_commit"]
        assert kept.data.tags["cause"] == "by hand"
        assert result.metrics.items() <= kept.data.metrics.items()
        assert ("test_coverage" in kept.data.metrics) == (result == champion(results))
        assert Path(kept.info.artifact_uri).is_relative_to(read_settings().mlflow_artifacts)
        plots = {file.path for file in client.list_artifacts(kept.info.run_id, "plots")}
        expected = ["predicted_versus_true", "residuals", "shap_bar", "shap_summary"]
        expected += ["search_scores"] * result.name.endswith("_tuned")
        assert plots == {f"plots/{name}.png" for name in expected}
        holds_what_the_model_says_of_its_columns(result)
        holds_which_rows_it_saw(kept, {"all houses", "training", "test"})
    holds_which_rows_it_saw(by_name[done.name], {"all houses"})
    assert by_name[done.name].data.tags["cause"] == "by hand"
    # What autologging adds.
    assert "best_cv_score" in by_name["all_features_tuned"].data.metrics
    assert by_name["shap_top10_default"].data.params["objective"] == "reg:squarederror"


def holds_what_the_model_says_of_its_columns(result: ExperimentResult) -> None:
    info = get_model_info(result.model_uri)
    assert info.signature.inputs.input_names() == list(result.features)
    assert info.signature.outputs.input_names() == ["MEDV"]
    columns = info.metadata["columns"]
    assert set(columns) == {*result.features, "MEDV"}
    assert columns["MEDV"]["unit"] == "1000 USD"
    assert all(said["unit"] and said["description"] and said["allowed"] for said in columns.values())


def holds_which_rows_it_saw(kept: Run, contexts: set[str]) -> None:
    inputs = {given.tags[0].value: given.dataset for given in kept.inputs.dataset_inputs}
    assert set(inputs) == contexts
    assert inputs["all houses"].digest == FINGERPRINT[:36]
    assert {json.loads(dataset.source)["data_fingerprint"] for dataset in inputs.values()} == {FINGERPRINT}


def holds_how_sure_the_choice_of_features_is(done: PipelineRunResponse) -> None:
    artifact = output(done, "rank_features", "feature_ranking")
    ranking = artifact.load()
    assert ranking["frequency"].sum() == pytest.approx(10)
    unsure = ranking["feature"][ranking["borderline"]].tolist()
    assert artifact.run_metadata["borderline"] == unsure
    assert (artifact.run_metadata["came"], artifact.run_metadata["left"]) == ([], [])
    client = mlflow_client()
    for name in NAMES:
        kept = client.get_run(done.steps[name].run_metadata["mlflow_run"])
        files = {file.path for file in client.list_artifacts(kept.info.run_id)}
        assert ("feature_selection.csv" in files) == name.startswith("shap_top")
        assert done.steps[name].run_metadata["borderline"] == (unsure if name.startswith("shap_top") else [])
        wanted = json.dumps(unsure) if name.startswith("shap_top") else None
        assert kept.data.params.get("borderline_features") == wanted


def holds_what_the_dashboard_shows(done: PipelineRunResponse) -> None:
    assert pages_of(done) == {
        *("point_in_time", "admission", "shap_plots", "feature_selection", "experiment_comparison", "quality_report"),
        *("sensitive_cost_report", "interval_coverage", "promotion_decision", "registered_model", "model_card"),
        *(f"{name}_{kind}" for name in NAMES for kind in ("plots", "model")),
        "champion_model",
    }
    for step, page in PAGES_WITH_PRICES.items():
        assert "1000 USD" in output(done, step, page).load(), page
    scaler = output(done, "prepare", "scaler")
    assert [page.type for page in scaler.visualizations] == ["csv"]
    assert isinstance(scaler.load(), FittedScaler)
    assert output(done, "build_training_set", "training_set").run_metadata["fingerprint"] == FINGERPRINT
    assert output(done, "gate", "verdict").run_metadata["outcome"] == "promote"


def holds_the_registered_champion(done: PipelineRunResponse, best: ExperimentResult) -> None:
    registered = output(done, "register", "registered_model").load()
    assert (registered.version, registered.is_new) == ("1", True)
    metadata, files = read_bundle(Path(registered.bundle))
    assert (metadata.experiment, metadata.features, metadata.schema) == (best.name, best.features, 2)
    assert best.metrics.items() <= metadata.metrics.items()
    assert (metadata.zenml_run_id, metadata.data_fingerprint) == (str(done.id), FINGERPRINT)
    test = output(done, "prepare", "test_rows").load()
    scaler = output(done, "prepare", "scaler").load()
    predicted = predict(files["model.ubj"], restrict(scaler, metadata.features), test)
    assert errors(test["MEDV"].to_numpy(), predicted, "test")["test_rmse"] == pytest.approx(best.metrics["test_rmse"])
    left_out = read_reference_errors(files[REFERENCE_ERRORS])  # for the monitoring of live errors
    assert (left_out.features, left_out.errors.shape[1]) == (best.features, 404)


def holds_the_champions_intervals(done: PipelineRunResponse, best: ExperimentResult) -> None:
    artifact = output(done, "fit_intervals", "intervals")
    fitted = artifact.load()
    assert (fitted.coverage, fitted.houses, fitted.residuals) == (0.9, 404, 404)
    assert (fitted.minimum, fitted.maximum) == (1, 50)
    figures = fitted.metrics
    assert figures["oof_coverage"] == pytest.approx(0.9, abs=0.005)
    assert 0.8 <= figures["test_coverage"] <= 1
    assert figures["oof_capped_homes"] + figures["test_capped_homes"] == 16
    assert figures["oof_coverage_capped"] < figures["oof_coverage"]
    assert figures.items() <= artifact.run_metadata.items()
    assert figures.items() <= mlflow_client().get_run(best.mlflow_run_id).data.metrics.items()
    metadata, files = read_bundle(Path(output(done, "register", "registered_model").load().bundle))
    assert figures.items() <= metadata.metrics.items()
    assert files["intervals.json"] == fitted.as_bundled()


def holds_the_report_on_its_quality(done: PipelineRunResponse, best: ExperimentResult) -> None:
    artifact = output(done, "quality_report", "quality")
    report = artifact.load()
    assert (report.champion, report.houses, report.groups) == (best.name, 506, 78)
    errors_by_name = {standing.name: standing.mean_rmse for standing in report.repeated}
    assert errors_by_name[best.name] < errors_by_name["linear_regression"] < errors_by_name["median_price"]
    assert report.metrics.items() <= artifact.run_metadata.items()
    assert output(done, "quality_report", "quality_report").load().startswith("<!doctype html>")


def holds_what_became_of_the_sensitive_features(done: PipelineRunResponse) -> None:
    admission = output(done, "admit_features", "admission").load()
    assert (admission.sensitive, admission.left_out) == (["B", "LSTAT"], [])
    assert admission.waivers == training_parameters()["sensitive_features"]["waivers"]
    table = output(done, "measure_sensitive", "sensitive_cost").load().set_index("left_out")
    assert table.index.tolist() == ["B", "LSTAT", "B, LSTAT"]
    assert table["low"].lt(table["cost"]).all()
    assert table.loc["LSTAT", "cost"] > table.loc["B", "cost"]
    assert [page.type for page in output(done, "measure_sensitive", "sensitive_cost_report").visualizations] == ["html"]


def holds_the_model_card(done: PipelineRunResponse, best: ExperimentResult) -> None:
    page = output(done, "register", "model_card")
    assert [one.type for one in page.visualizations] == ["html"]
    _, files = read_bundle(Path(output(done, "register", "registered_model").load().bundle))
    assert page.load() == files["model_card.html"].decode()
    card = files["model_card.md"].decode()
    assert "written for other data" not in card
    figures = best.metrics
    assert f"| {figures['cv_rmse']:.2f} ± {figures['cv_rmse_sd']:.2f} | {figures['cv_mae']:.2f} |" in card
    assert "506: 404 to train, 102 to test; 0 values missing" in card
    assert "2026-03-01T12:00:00+00:00 to 2026-03-01T12:00:00+00:00" in card  # when the prices became known
    assert "at the cap | 13 |" in card
    for name in (
        "catboost_defaults",
        "linear_regression",
        "median_price",
        best.mlflow_run_id,
        str(done.id),
        FINGERPRINT,
    ):
        assert f"`{name}`" in card
    version = mlflow_client().get_model_version(EXPERIMENT, "1")
    assert version.description.startswith("Estimates the median value")
    assert version.tags["left_out_features"] == "none"
    assert version.tags["cause"] == "by hand"
    copied = {file.path for file in mlflow_client().list_artifacts(best.mlflow_run_id, "bundle/v1")}
    assert {"bundle/v1/model_card.md", "bundle/v1/model_card.html"} <= copied
