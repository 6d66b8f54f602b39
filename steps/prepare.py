"""The step that splits the houses and fits the scaler on those that train."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy

from steps.artifacts.materializers import FrameMaterializer
from steps.artifacts.scaler_materializer import ScalerMaterializer
from steps.core import columns, scaling, splitting
from steps.core.scaling import FittedScaler, fit_scaler
from steps.core.splitting import Preparation, split


@step(
    output_materializers={
        "training_rows": FrameMaterializer,
        "test_rows": FrameMaterializer,
        "scaler": ScalerMaterializer,
    },
    cache_policy=CachePolicy(source_dependencies=[columns, scaling, splitting]),
)
def prepare(
    houses: pd.DataFrame, preparation: Preparation
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="training_rows")],
    Annotated[pd.DataFrame, ArtifactConfig(name="test_rows")],
    Annotated[FittedScaler, ArtifactConfig(name="scaler")],
]:
    """The training rows and the test rows, both raw, and the scaler that has seen the training rows only.

    Missing values stay: XGBoost learns where they go, which did best (and no statistic can leak from the test rows).
    """
    train, test = split(houses, preparation)
    scaler = fit_scaler(train)
    for name, rows in (("training_rows", train), ("test_rows", test)):
        log_metadata(
            metadata={
                "houses": len(rows),
                "seed": preparation.seed,
                "missing_values": int(rows.isna().to_numpy().sum()),
            },
            artifact_name=name,
            infer_artifact=True,
        )
    log_metadata(metadata={"fitted_on": len(train)}, artifact_name="scaler", infer_artifact=True)
    return train, test, scaler
