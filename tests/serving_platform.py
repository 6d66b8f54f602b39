"""A small real platform for serving and deployment tests: features in Feast, model bundles, settings."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from serving.settings import Settings
from tests.ports import free_port

USED = ("LSTAT", "RM", "DIS", "CRIM", "NOX", "PTRATIO", "TAX", "AGE", "B", "INDUS")
MISSING = 3  # this house lacks its CRIM


@dataclass(frozen=True)
class ServingPlatform:
    """What the fixture made: the environment to reach it, the data, the bundles and a key without a limit in effect."""

    var: Path
    environment: dict[str, str]
    frame: Any
    bundles: dict[str, Path]
    key: str


def houses() -> Any:
    """The 506 houses with their ids; one value is missing."""
    import numpy as np
    import pandas as pd
    from mlxtend.data import boston_housing_data

    X, y = boston_housing_data()
    names = ["CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT"]
    frame = pd.DataFrame(X, columns=names).assign(MEDV=y, house_id=np.arange(len(X)))
    frame.loc[MISSING, "CRIM"] = np.nan
    return frame


def write_model(folder: Path, version: str, frame: Any, rounds: int) -> Path:
    """A bundle with a small model that was really trained."""
    import json

    import xgboost
    from whylogs.core import DatasetProfile

    from serving.bundle import MODEL, ONNX, REFERENCE_ERRORS, REFERENCE_PROFILE, SCALER, SCHEMA, Metadata, write_bundle
    from serving.pricing.intervals import INTERVALS
    from steps.core.onnx_model import as_onnx
    from steps.core.reference import REFERENCE_SHAP, reference_shap
    from steps.core.reference_errors import reference_errors
    from steps.core.scaling import FittedScaler
    from steps.models.registry import TRAINING_HOUSES

    raw = frame[list(USED)].to_numpy()
    import numpy as np

    mean, scale = np.nanmean(raw, axis=0), np.nanstd(raw, axis=0)
    scaled = ((raw - mean) / scale).astype("float32")
    data = xgboost.DMatrix(scaled, label=frame["MEDV"])
    booster = xgboost.train({"max_depth": 4, "seed": 42, "nthread": 1}, data, num_boost_round=rounds)
    left_out = _left_out(scaled, frame["MEDV"].to_numpy(), rounds)
    profile = DatasetProfile()
    profile.track(frame[[*USED, "MEDV"]])
    scaler = {"features": USED, "mean": mean.tolist(), "scale": scale.tolist()}
    metadata = Metadata(
        schema=SCHEMA,
        model_name="house-price",
        model_version=version,
        experiment="test",
        feature_service=f"house_price_v{version}",
        features=USED,
        target="MEDV",
        units={"MEDV": "1000 USD"},
        metrics={"test_rmse": 2.5, "cv_mae": float(abs(left_out - frame["MEDV"].to_numpy()).mean())},
        parameters={"max_depth": 4},
        mlflow_run_id="0" * 32,
        zenml_run_id="0",
        data_fingerprint="0" * 64,
        git_commit="0" * 40,
        created_at="2026-11-23T00:00:00Z",
    )
    model = bytes(booster.save_raw("ubj"))
    files = {
        MODEL: model,
        ONNX: as_onnx(model),
        INTERVALS: _intervals(frame["MEDV"].to_numpy(), left_out),
        SCALER: json.dumps(scaler).encode(),
        REFERENCE_PROFILE: profile.view().serialize(),
        REFERENCE_SHAP: reference_shap(model, FittedScaler(**scaler, houses=len(frame)), frame),
        TRAINING_HOUSES: json.dumps(frame["house_id"].tolist()).encode(),
        REFERENCE_ERRORS: reference_errors(frame[[*USED, "MEDV"]], left_out, USED),
    }
    write_bundle(folder / f"v{version}", metadata, files)
    return folder / f"v{version}"


def _left_out(scaled: Any, truth: Any, rounds: int) -> Any:
    """The out-of-fold predictions of such a model."""
    from steps.core.evaluation import out_of_fold
    from steps.core.regressors import regressor
    from tests.training import validation

    return out_of_fold(regressor({"max_depth": 4, "n_estimators": rounds}, 42), scaled, truth, validation(folds=5))


def _intervals(truth: Any, left_out: Any) -> bytes:
    """What the training pipeline would find for such a model: from its out-of-fold residuals."""
    from steps.core.intervals import IntervalSettings, fit_intervals

    return fit_intervals(truth, left_out, IntervalSettings(coverage=0.9, groups=8), (1.0, 50.0)).as_bundled()


def offline_prices(bundle: Path, frame: Any) -> list[float]:
    """The prices of all houses, computed from the bundle's files with XGBoost's own prediction."""
    import json

    import numpy as np
    import xgboost

    from serving.bundle import MODEL, SCALER

    scaler = json.loads((bundle / SCALER).read_text())
    booster = xgboost.Booster(model_file=str(bundle / MODEL))
    raw = frame[scaler["features"]].to_numpy(dtype=np.float64)
    scaled = (raw - np.array(scaler["mean"])) / np.array(scaler["scale"])
    prices: list[float] = booster.predict(xgboost.DMatrix(scaled.astype(np.float32), nthread=1)).tolist()
    return prices


def publish(frame: Any, environment: dict[str, str]) -> None:
    """Write the offline files, apply the feature repository and fill the online store."""
    from serving.contract import HOUSE_FEATURES
    from serving.settings import read_settings
    from steps.feature_store.definitions import apply_definitions

    offline = Path(environment["HPP_OFFLINE_DIR"])
    offline.mkdir(parents=True)
    now = datetime.now(UTC).replace(microsecond=0)
    observed, known = now - timedelta(days=30), now - timedelta(minutes=1)
    features = frame.drop(columns="MEDV").assign(event_timestamp=observed, created_timestamp=known)
    features.to_parquet(offline / "house_features.parquet")
    target = frame[["house_id", "MEDV"]].assign(event_timestamp=known, created_timestamp=known)
    target.to_parquet(offline / "house_target.parquet")
    with pytest.MonkeyPatch.context() as patch:
        reach(patch, environment)
        apply_definitions(read_settings()).materialize(observed - timedelta(days=1), now, [HOUSE_FEATURES])


def copy_online_store(platform: ServingPlatform, target: Path) -> Path:
    """The copy of the platform's online store; a plain copy of the file would lack what is in the write-ahead log."""
    with (
        contextlib.closing(sqlite3.connect(platform.var / "feast" / "online.db")) as store,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        store.backup(copy)
    return target


def reach(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Let this process work on the platform of the environment."""
    for name, value in environment.items():
        if name.startswith(("HPP_", "MLFLOW_")):
            patch.setenv(name, value)


@pytest.fixture(scope="session")
def serving_platform(tmp_path_factory: pytest.TempPathFactory) -> ServingPlatform:
    """Features of 506 houses in a Feast store of its own, and the bundles v1 and v2."""
    from serving.keys import client_key
    from serving.settings import MOST_A_MINUTE, read_settings
    from zenml_config.environment import ROOT, read

    var = tmp_path_factory.mktemp("serving-platform")
    own = {"HPP_VAR_DIR": str(var), "HPP_RATE_LIMIT": str(MOST_A_MINUTE), "HPP_GRPC_PORT": "0"}
    own["HPP_CONSOLE_PORT"] = "0"
    own["HPP_PROFILE_SECONDS"] = "1"
    environment = {**os.environ, **read(ROOT / "zenml_config" / "local.env", own), **own}
    for name in ("feast", "mlflow"):
        (var / name).mkdir()
    frame = houses()
    models = Path(environment["HPP_MODELS_DIR"])
    bundles = {version: write_model(models, version, frame, rounds) for version, rounds in (("1", 40), ("2", 60))}
    publish(frame, environment)
    with pytest.MonkeyPatch.context() as patch:
        reach(patch, environment)
        return ServingPlatform(var, environment, frame, bundles, client_key(read_settings()))


@pytest.fixture
def serving_settings(
    serving_platform: ServingPlatform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Settings]:
    """Settings on the platform's stores, with run and profile folders of the test's own and a free port."""
    from serving.service import stop_all
    from serving.settings import read_settings

    own = {"HPP_VAR_DIR": str(tmp_path), "HPP_PROFILES_DIR": str(tmp_path / "profiles"), "HPP_WORKERS": "1"}
    own |= {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
    own |= {"HPP_REST_PORT": str(free_port()), "HPP_METRICS_PORT": str(free_port())}
    reach(monkeypatch, {**serving_platform.environment, **own})
    settings = read_settings()
    try:
        yield settings
    finally:
        stop_all(settings)


@pytest.fixture
def champion(serving_settings: Settings) -> Callable[[str], None]:
    """A function that gives the alias `champion` to a version of the model in a registry of the test's own."""
    from steps.tracking.runs import mlflow_client

    client = mlflow_client()

    def give(version: str) -> None:
        while len(client.search_model_versions("name='house-price'")) < int(version):
            client.create_model_version("house-price", source=str(serving_settings.models_dir))
        client.set_registered_model_alias("house-price", "champion", version)

    client.create_registered_model("house-price")
    return give
