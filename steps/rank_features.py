"""The step that ranks the features by what a default model makes of them."""

from typing import TYPE_CHECKING, Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.types import HTMLString

from steps.core import columns, importance, plots, scaling, search
from steps.core.columns import matrix, prices
from steps.core.experiments import Validation
from steps.core.importance import rank, shap_values
from steps.core.plots import page, shap_bar, shap_summary
from steps.core.prediction import load_booster
from steps.core.regressors import regressor
from steps.core.scaling import FittedScaler, restrict, scale
from steps.core.search import booster_bytes
from steps.materializers import FrameMaterializer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@step(
    output_materializers={"feature_ranking": FrameMaterializer},
    cache_policy=CachePolicy(source_dependencies=[columns, importance, plots, scaling, search]),
)
def rank_features(
    train: pd.DataFrame, scaler: FittedScaler, validation: Validation, derived: list[str]
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="feature_ranking")],
    Annotated[HTMLString, ArtifactConfig(name="shap_plots")],
]:
    """The stored features by mean absolute SHAP value on the training rows, and SHAP's plots.

    Args:
        derived: the features that are left out of the ranking, and of the model that makes it.
    """
    stored = restrict(scaler, [name for name in scaler.features if name not in derived])
    ranking, figures = explain_default(train, stored, validation.model_seed)
    log_metadata(
        metadata={"most_important_first": ranking["feature"].tolist()},
        artifact_name="feature_ranking",
        infer_artifact=True,
    )
    return ranking, HTMLString(page("What a default model leans on: SHAP values of the training rows", figures))


def explain_default(train: pd.DataFrame, scaler: FittedScaler, seed: int) -> tuple[pd.DataFrame, dict[str, "Figure"]]:
    """The ranking by a model with XGBoost's default parameters, and its plots by name."""
    X = scale(train, scaler)
    model = regressor({}, seed).fit(X, prices(train))
    values = shap_values(load_booster(booster_bytes(model, scaler.features)), X, scaler.features)
    ranking = rank(values, scaler.features)
    raw = pd.DataFrame(matrix(train, scaler.features), columns=list(scaler.features))
    return ranking, {"SHAP summary": shap_summary(values, raw), "Mean |SHAP|": shap_bar(ranking)}
