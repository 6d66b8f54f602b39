"""The step that chooses one of the experiments."""

from typing import Annotated

from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.logger import get_logger
from zenml.types import HTMLString

from steps.core import selection
from steps.core.experiments import ExperimentResult
from steps.core.selection import choose, comparison, reason

logger = get_logger(__name__)


@step(cache_policy=CachePolicy(source_dependencies=[selection]))
def choose_champion(
    results: list[ExperimentResult], models: list[bytes]
) -> tuple[
    Annotated[ExperimentResult, ArtifactConfig(name="champion")],
    Annotated[bytes, ArtifactConfig(name="champion_model")],
    Annotated[HTMLString, ArtifactConfig(name="experiment_comparison")],
]:
    """The experiment with the smallest cross-validated error, its model, and a page that shows all side by side."""
    at = choose(results)
    why = reason(results, at)
    logger.info("Champion: %s", why)
    log_metadata(
        metadata={"reason": why, **{result.name: result.metrics for result in results}},
        artifact_name="champion",
        infer_artifact=True,
    )
    champion, model = results[at], models[at]
    return champion, model, HTMLString(comparison(results, at))
