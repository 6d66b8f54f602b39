"""The step that chooses one of the experiments."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.logger import get_logger
from zenml.types import HTMLString

from steps.artifacts.byte_materializers import BoosterMaterializer
from steps.artifacts.materializers import FrameMaterializer
from steps.core import comparison_page, contenders, difference_cells, evaluation, page, paired, plots, selection
from steps.core.comparison_page import comparison
from steps.core.contenders import beside_winner, certainty
from steps.core.experiments import ExperimentResult, Validation
from steps.core.quality import QualitySettings
from steps.core.selection import choose, reason

logger = get_logger(__name__)


@step(
    cache_policy=CachePolicy(
        source_dependencies=[comparison_page, contenders, difference_cells, evaluation, page, paired, plots, selection],
    ),
    output_materializers={"champion_model": BoosterMaterializer, "champion_out_of_fold": FrameMaterializer},
)
def choose_champion(
    results: list[ExperimentResult],
    models: list[bytes],
    left_out: list[pd.DataFrame],
    validation: Validation,
    quality: QualitySettings,
) -> tuple[
    Annotated[ExperimentResult, ArtifactConfig(name="champion")],
    Annotated[bytes, ArtifactConfig(name="champion_model")],
    Annotated[HTMLString, ArtifactConfig(name="experiment_comparison")],
    Annotated[pd.DataFrame, ArtifactConfig(name="champion_out_of_fold")],
]:
    """The experiment with the smallest cross-validated error, its model, a page that shows all side by side.

    The last is what the champion says of the training rows that it has not seen, as the experiments give it.

    Args:
        quality: its confidence is that of the intervals on the page.
    """
    at = choose(results)
    found = beside_winner(results, left_out, at, validation, quality.confidence)
    why = f"{reason(results, at)} {certainty(found)}".strip()
    logger.info("Champion: %s", why)
    log_metadata(
        metadata={"reason": why, **{result.name: result.metrics for result in results}},
        artifact_name="champion",
        infer_artifact=True,
    )
    champion, model, predictions = results[at], models[at], left_out[at]
    return champion, model, HTMLString(comparison(found, at, quality.confidence)), predictions
