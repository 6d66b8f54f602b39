"""The champion's intervals, from the training rows alone."""

from pathlib import Path

import mlflow
import pandas as pd
import pytest

from serving.errors import ContractError
from serving.settings import read_settings
from steps.core.columns import prices
from steps.core.evaluation import as_frame, out_of_fold
from steps.core.intervals import FittedIntervals
from steps.core.regressors import regressor
from steps.core.scaling import scale
from steps.core.search import booster_bytes
from steps.feature_store.definitions import apply_definitions
from steps.fit_intervals import calibrate, log_in_run, price_range
from steps.tracking.runs import mlflow_client
from tests.training import interval_settings, prepared, result, validation

PARAMETERS = {"n_estimators": 10, "max_depth": 4}
FIGURES = {"oof_coverage", "oof_interval_width", "test_coverage", "test_interval_width"}


def calibrated(test: pd.DataFrame, parameters: dict[str, int] = PARAMETERS) -> tuple[FittedIntervals, str]:
    train, _, scaler = prepared()
    X, y = scale(train, scaler), prices(train)
    model = regressor(PARAMETERS, 42).fit(X, y)
    left_out = as_frame(train, out_of_fold(regressor(parameters, 42), X, y, validation(folds=3, repeats=2)))
    champion = result().model_copy(update={"features": scaler.features})
    made = (champion, booster_bytes(model, scaler.features), left_out, scaler, train, test)
    return calibrate(*made, interval_settings(), (1.0, 50.0))


def test_the_test_rows_have_no_say_in_the_table() -> None:
    _, test, _ = prepared()
    fitted, _ = calibrated(test)
    other, _ = calibrated(test.assign(MEDV=test["MEDV"] + 20))
    assert fitted.as_bundled() == other.as_bundled()
    assert other.metrics["test_coverage"] < fitted.metrics["test_coverage"]


def test_a_worse_model_gets_wider_intervals() -> None:
    _, test, _ = prepared()
    fitted, worse = calibrated(test)[0], calibrated(test, {"n_estimators": 1})[0]
    assert worse.metrics["oof_interval_width"] > fitted.metrics["oof_interval_width"]


def test_the_figures_tell_of_every_tier_and_of_all_sixteen_capped_homes() -> None:
    fitted, page = calibrated(prepared()[1])
    tiers = {f"{name}_tier_{tier}" for name in FIGURES for tier in (1, 2, 3)}
    assert FIGURES | tiers | {f"{name}_capped" for name in FIGURES} <= set(fitted.metrics)
    assert fitted.metrics["oof_capped_homes"] + fitted.metrics["test_capped_homes"] == 16
    assert fitted.metrics["interval_coverage"] == 0.9
    assert "capped at 50" in page


def test_the_range_of_the_price_is_the_contracts(platform_dir: Path) -> None:
    with pytest.raises(ContractError, match="house_target"):
        price_range(read_settings(), "MEDV")
    apply_definitions(read_settings())
    assert price_range(read_settings(), "MEDV") == (1.0, 50.0)


def test_the_figures_go_to_the_champions_finished_run(platform_dir: Path) -> None:
    fitted, _ = calibrated(prepared()[1])
    client = mlflow_client()
    experiment = client.create_experiment("intervals")
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_metric("test_rmse", 2.5)
    log_in_run(run.info.run_id, fitted)
    kept = mlflow_client().get_run(run.info.run_id)
    assert kept.data.metrics == {"test_rmse": 2.5, **fitted.metrics}
    assert kept.info.status == "FINISHED"
