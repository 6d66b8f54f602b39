"""The step that ranks the features by what a default model makes of them."""

from typing import TYPE_CHECKING, Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.metadata.metadata_types import MetadataType
from zenml.types import HTMLString

from steps.artifacts.materializers import FrameMaterializer
from steps.core import (
    columns,
    importance,
    page,
    plots,
    price_unit,
    regressors,
    scaling,
    search,
    stability,
    stability_page,
)
from steps.core.columns import matrix, prices, target_name
from steps.core.experiments import Validation
from steps.core.importance import FEATURE, rank, sample, shap_values
from steps.core.page import Reading
from steps.core.plots import figures_page, shap_bar, shap_summary
from steps.core.prediction import load_booster
from steps.core.regressors import regressor
from steps.core.scaling import FittedScaler, restrict, scale
from steps.core.search import booster_bytes
from steps.core.sensitive import Admission
from steps.core.stability import (
    CHOSEN,
    FREQUENCY,
    FeatureSelection,
    borderline,
    check_expected,
    resampled_ranks,
    with_stability,
)
from steps.core.stability_page import selection_page, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READING = Reading(
    what="What a model with default parameters makes of each feature: a dot is a house, its place what the feature "
    "adds to the price or takes from it.",
    good="The features that matter are those that an expert would name, and push the price the way that they would "
    "say.",
    act="A feature that matters and should not: look for a leak. The order between close neighbours may be chance: the "
    "page on the feature selection says how sure it is.",
)


@step(
    output_materializers={"feature_ranking": FrameMaterializer},
    cache_policy=CachePolicy(
        source_dependencies=[
            columns,
            importance,
            page,
            plots,
            price_unit,
            regressors,
            scaling,
            search,
            stability,
            stability_page,
        ]
    ),
)
def rank_features(
    train: pd.DataFrame,
    scaler: FittedScaler,
    validation: Validation,
    feature_selection: FeatureSelection,
    derived: list[str],
    admission: Admission,
    meanings: dict[str, dict[str, str]],
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="feature_ranking")],
    Annotated[HTMLString, ArtifactConfig(name="shap_plots")],
    Annotated[HTMLString, ArtifactConfig(name="feature_selection")],
]:
    """The stored features by mean absolute SHAP value on the training rows, SHAP's plots, and how sure the choice is.

    Args:
        derived: the features that are left out of the ranking, and of the model that makes it.
        admission: says which sensitive features no model of the run sees.
        meanings: description, unit and allowed values of each column.
    """
    stored = restrict(scaler, [name for name in scaler.features if name not in derived])
    feature_selection = feature_selection.without(admission.left_out)
    check_expected(stored.features, feature_selection)
    unit = price_unit.price_unit(meanings, target_name(train))
    ranking, figures = explain_default(train, stored, validation.model_seed, unit)
    ranks = resampled_ranks(
        scale(train, stored), prices(train), stored.features, feature_selection, validation.model_seed
    )
    ranking = with_stability(ranking, ranks, feature_selection)
    log_metadata(metadata=facts(ranking, feature_selection), artifact_name="feature_ranking", infer_artifact=True)
    title = f"What a default model leans on: SHAP values of {len(train)} training houses"
    shap_page = figures_page(title, READING, figures)
    return ranking, HTMLString(shap_page), HTMLString(selection_page(ranking, feature_selection, unit))


def facts(ranking: pd.DataFrame, settings: FeatureSelection) -> dict[str, MetadataType]:
    """What the dashboard tells and filters by."""
    chosen, unsure = ranking[FEATURE][ranking[CHOSEN]], borderline(ranking)
    return {
        "most_important_first": ranking[FEATURE].tolist(),
        "frequencies": dict(zip(ranking[FEATURE], ranking[FREQUENCY].astype(float), strict=True)),
        "borderline": list(unsure),
        "borderline_features": len(unsure),
        "came": [name for name in chosen if settings.expected and name not in settings.expected],
        "left": [name for name in settings.expected if name not in set(chosen)],
        "summary": " ".join(summary(ranking, settings)),
    }


def explain_default(
    train: pd.DataFrame, scaler: FittedScaler, seed: int, unit: str
) -> tuple[pd.DataFrame, dict[str, "Figure"]]:
    """The ranking by a model with XGBoost's default parameters, and its plots by name, with the price in the unit."""
    X = scale(train, scaler)
    model = regressor({}, seed).fit(X, prices(train))
    shown = sample(len(train))
    values = shap_values(load_booster(booster_bytes(model, scaler.features)), X[shown], scaler.features)
    ranking = rank(values, scaler.features)
    raw = pd.DataFrame(matrix(train.iloc[shown], scaler.features), columns=list(scaler.features))
    return ranking, {"SHAP summary": shap_summary(values, raw, unit), "Mean |SHAP|": shap_bar(ranking, unit)}
