"""The step that computes, without the service, what the service must answer."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from zenml import ArtifactConfig, log_metadata, step

from serving.bundle import MODEL, SCALER, read_bundle, read_scaler
from serving.pricing.intervals import INTERVALS
from serving.settings import Settings, read_settings
from steps.core.errors import DeploymentError
from steps.core.fingerprint import HOUSE_ID
from steps.core.interval_ends import interval_ends
from steps.core.sampling import Sample, sample
from steps.core.skew import EVENT_TIME
from steps.feature_store.offline_houses import known, newest
from steps.find_champion import Champion

PRICE = "price"  # what the service calls it is the name of the target
OUTPUTS = (PRICE, f"{PRICE}_low", f"{PRICE}_high")


@step(enable_cache=False)
def predict_offline(
    champion: Champion, verified_houses: Sample
) -> Annotated[pd.DataFrame, ArtifactConfig(name="offline_predictions")]:
    """The newest known features of houses, when they were observed, and the champion's prices for them."""
    expected = predict_houses(champion, verified_houses, read_settings())
    log_metadata(metadata={"houses": len(expected), "version": champion.version}, infer_artifact=True)
    return expected


def predict_houses(champion: Champion, wanted: Sample | list[int], settings: Settings) -> pd.DataFrame:
    """What the service must answer now, one row a house, by `house_id`.

    The columns are `house_id`, `event_timestamp` (seconds since 1970), the champion's raw features and what its derived
    ones are computed from (NaN where missing), and the price with the ends of its interval. The features are those of
    the offline store, derived ones computed by Feast's own function, and the arithmetic is XGBoost's own: nothing is
    shared with the service. Houses whose features have expired are left out, since the service refuses them; so are, of
    the houses that are named, those that the store does not know.

    Raises:
        DeploymentError: the offline store has no houses whose features are fresh.
    """
    moment = datetime.now(UTC)
    store = settings.feature_store()
    last = newest(store, champion.feature_service, champion.inputs, moment)
    fresh = last.where(last.until > moment.timestamp())
    if isinstance(wanted, Sample) and not len(fresh.house_ids):
        raise DeploymentError(
            f"The offline store has no houses to try the service with: {len(last.house_ids)} have expired, none is "
            "fresh. Run the feature pipeline first: zenml_config/features.yaml."
        )
    ids = sample(fresh.house_ids, fresh.times, wanted) if isinstance(wanted, Sample) else np.array(wanted)
    asked = fresh.where(np.isin(fresh.house_ids, ids))
    columns = list(dict.fromkeys([*champion.features, *champion.inputs]))
    offline = known(store, champion.feature_service, columns, asked, moment)
    frame = pd.DataFrame(offline.values, columns=columns)
    frame.insert(0, HOUSE_ID, asked.house_ids)
    frame.insert(1, EVENT_TIME, asked.times)
    prices = predict(Path(champion.bundle), offline.values[:, : len(champion.features)])
    return frame.assign(**dict(zip(OUTPUTS, prices.T, strict=True)))


def predict(bundle: Path, raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) the prices of raw features in training order and the ends of their intervals, by the bundle's files."""
    import xgboost

    _, files = read_bundle(bundle)
    scaler = read_scaler(files[SCALER])
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(files[MODEL]))
    scaled = (raw - np.asarray(scaler.mean)) / np.asarray(scaler.scale)
    booster.set_param({"nthread": 1})
    booster.feature_names = list(scaler.features)
    prices = booster.predict(
        xgboost.DMatrix(scaled.astype(np.float32), missing=np.nan, nthread=1, feature_names=list(scaler.features))
    ).astype(np.float64)
    return np.column_stack([prices, *interval_ends(prices, files[INTERVALS])])
