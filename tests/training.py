"""What the tests of training share: the settings of training.yaml, quick ones, and houses made ready."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pandas as pd
import yaml

from serving.settings import read_settings
from steps.core.experiments import Experiment, ExperimentResult, Validation
from steps.core.intervals import IntervalSettings
from steps.core.promotion import Promotion
from steps.core.scaling import FittedScaler, fit_scaler
from steps.core.splitting import Preparation, split
from steps.feature_store.definitions import apply_definitions
from steps.publish_features import publish
from tests.houses import boston, publication
from zenml_config.environment import ROOT

PRICED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def training_parameters() -> dict[str, Any]:
    """What training.yaml gives the pipeline."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "zenml_config" / "training.yaml").read_text())
    parameters: dict[str, Any] = document["parameters"]
    return parameters


def experiment(**changes: object) -> Experiment:
    """A quick one: ten trees, no search."""
    quick = {"name": "quick", "features": "all", "parameters": {"n_estimators": 10}, "search": None}
    return Experiment.model_validate(quick | changes)


def validation(**changes: int) -> Validation:
    return Validation(**({"folds": 2, "repeats": 1, "seed": 1, "model_seed": 42} | changes))


def promotion(**changes: float) -> Promotion:
    return Promotion(**{**training_parameters()["promotion"], **changes})


def interval_settings(**changes: float) -> IntervalSettings:
    return IntervalSettings(**{**training_parameters()["intervals"], **changes})


@cache
def _prepared() -> tuple[pd.DataFrame, pd.DataFrame, FittedScaler]:
    train, test = split(boston(), Preparation(**training_parameters()["preparation"]))
    return train, test, fit_scaler(train)


def prepared() -> tuple[pd.DataFrame, pd.DataFrame, FittedScaler]:
    """The training rows, the test rows and the scaler of the 506 houses, split as training.yaml says."""
    train, test, scaler = _prepared()
    return train.copy(), test.copy(), scaler


def result(name: str = "quick", features: int = 13, **metrics: float) -> ExperimentResult:
    """What came out of an experiment, made by hand."""
    figures = {"cv_rmse": 3.0, "cv_rmse_sd": 0.5, "test_rmse": 2.5, "test_r2": 0.9, "train_rmse": 1.0, "test_mae": 2.0}
    return ExperimentResult(
        name=name,
        features=tuple(f"F{i}" for i in range(features)),
        parameters={"max_depth": 3, "learning_rate": 0.1234567},
        metrics=figures | metrics,
        seconds={"search": 1.0, "total": 2.0},
        model_digest="ab" * 32,
        mlflow_run_id="run",
        model_uri="models:/m-1",
        unit="1000 USD",
    )


def publish_boston() -> None:
    """The 506 houses, in the Feast store of the environment, priced at PRICED."""
    apply_definitions(read_settings())
    publish(boston(), publication(), read_settings(), PRICED)
