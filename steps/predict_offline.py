"""The step that computes, without the service, what the service must answer."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from zenml import ArtifactConfig, log_metadata, step

from serving.bundle import MODEL, SCALER, read_bundle, read_scaler
from serving.contract import HOUSE_FEATURES
from serving.settings import Settings, read_settings
from steps.core.errors import DeploymentError
from steps.core.fingerprint import HOUSE_ID
from steps.core.publication import latest
from steps.find_champion import Champion
from steps.offline_store import history_path, read_history

PRICE = "MEDV"


@step(enable_cache=False)
def predict_offline(
    champion: Champion, verified_houses: int
) -> Annotated[pd.DataFrame, ArtifactConfig(name="offline_predictions")]:
    """The newest known features of houses and the champion's prices for them."""
    expected = predict_houses(champion, verified_houses, read_settings())
    log_metadata(metadata={"houses": len(expected), "version": champion.version}, infer_artifact=True)
    return expected


def predict_houses(champion: Champion, n_houses: int, settings: Settings) -> pd.DataFrame:
    """`house_id`, the champion's raw features (NaN where missing) and the price, one row a house, at most `n_houses`.

    The features are those of the offline store, the arithmetic is XGBoost's own: nothing is shared with the service.

    Raises:
        DeploymentError: the offline store has no houses.
    """
    history = read_history(history_path(settings.offline_dir, HOUSE_FEATURES), champion.features)
    houses = latest(history).sort_values(HOUSE_ID).head(n_houses)
    if houses.empty:
        raise DeploymentError(
            "The offline store has no houses to try the service with. Run the feature pipeline first: "
            "zenml_config/features.yaml."
        )
    raw = houses[champion.features].to_numpy(dtype=np.float64, na_value=np.nan)
    frame = pd.DataFrame(raw, columns=champion.features)
    frame.insert(0, HOUSE_ID, houses[HOUSE_ID].to_numpy(dtype=np.int64))
    return frame.assign(**{PRICE: predict(Path(champion.bundle), raw)})


def predict(
    bundle: Path, raw: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The prices of raw features in training order, by the bundle's files."""
    import xgboost

    _, files = read_bundle(bundle)
    scaler = read_scaler(files[SCALER])
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(files[MODEL]))
    scaled = (raw - np.asarray(scaler.mean)) / np.asarray(scaler.scale)
    booster.set_param({"nthread": 1})
    booster.feature_names = list(scaler.features)
    prices: np.ndarray[tuple[int], np.dtype[np.float64]] = booster.predict(
        xgboost.DMatrix(scaled.astype(np.float32), missing=np.nan, nthread=1, feature_names=list(scaler.features))
    ).astype(np.float64)
    return prices
