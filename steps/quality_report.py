"""The step that reports how good the champion's procedure is on houses that it has not seen."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.logger import get_logger
from zenml.metadata.metadata_types import MetadataType
from zenml.types import HTMLString

from steps.core import (
    bins,
    columns,
    difference_cells,
    estimators,
    evaluation,
    experiments,
    importance,
    page,
    procedures,
    quality,
    quality_page,
    regressors,
    search,
    segments,
)
from steps.core.columns import feature_names, matrix, prices
from steps.core.compute import Compute
from steps.core.errors import ConfigurationError
from steps.core.experiments import Experiment, ExperimentResult, Experiments, Validation
from steps.core.procedures import Procedure
from steps.core.quality import QualityReport, QualitySettings, assess
from steps.terminal.tasks import counting, task

logger = get_logger(__name__)


@step(
    cache_policy=CachePolicy(
        source_dependencies=[
            *(
                bins,
                columns,
                difference_cells,
                estimators,
                evaluation,
                experiments,
                importance,
                page,
                procedures,
                quality,
                quality_page,
                regressors,
                search,
                segments,
            ),
            *(f"steps.quality_report.{function}" for function in ("report_on", "compared", "group_numbers")),
        ]
    )
)
def quality_report(
    champion: ExperimentResult,
    houses: pd.DataFrame,
    experiments: Experiments,
    validation: Validation,
    quality: QualitySettings,
    compute: Compute,
    derived: list[str],
) -> tuple[
    Annotated[QualityReport, ArtifactConfig(name="quality")],
    Annotated[HTMLString, ArtifactConfig(name="quality_report")],
]:
    """The champion's procedure beside simpler ones and other libraries on the same folds, and a page of it.

    It tells, and decides nothing: all houses are in it, those of the test rows too. The others see the stored features.

    Args:
        derived: the derived features that the houses have besides.
    """
    (wanted,) = (experiment for experiment in experiments if experiment.name == champion.name)
    report = report_on(wanted, champion, houses, validation, quality, compute, derived)
    logger.info("Quality: RMSE %s", ", ".join(f"{one.name} {one.mean_rmse:.3f}" for one in report.repeated))
    facts: dict[str, MetadataType] = {**report.metrics, "nested": report.nested}
    log_metadata(metadata=facts, artifact_name="quality", infer_artifact=True)
    return report, HTMLString(quality_page.quality_page(report, champion.unit))


def report_on(
    wanted: Experiment,
    champion: ExperimentResult,
    houses: pd.DataFrame,
    validation: Validation,
    settings: QualitySettings,
    compute: Compute,
    derived: Sequence[str] = (),
) -> QualityReport:
    """The report on an experiment and what came out of it."""
    stored = [name for name in feature_names(houses) if name not in derived]
    features = [*stored, *derived]
    X, y = matrix(houses, features).astype(np.float32), prices(houses)
    keep = wanted.search is not None and not settings.nested
    own = procedures.experiment(
        wanted,
        features,
        validation.model_seed,
        compute,
        found_already=champion.parameters if keep else None,
        stored=stored,
    )
    groups = group_numbers(houses, settings.group_columns)
    beside = compared(wanted.name, own, validation.model_seed, len(stored))
    folds = settings.folds * settings.repeats * (1 if groups is None else 2)
    with task("quality", folds * len(beside), "folds") as tell:
        return assess(beside, X, y, groups, not keep, settings, counting(tell))


def compared(name: str, own: Procedure, seed: int, width: int) -> dict[str, Procedure]:
    """The procedures by name, the champion's first.

    Args:
        width: of how many columns, the first ones, the others make use.
    """
    others = {
        "xgboost_defaults": procedures.xgboost_defaults(seed),
        "catboost_defaults": procedures.catboost(seed),
        "linear_regression": procedures.linear,
        "median_price": procedures.median,
    }
    return {name: own} | {other: procedures.on_the_first(procedure, width) for other, procedure in others.items()}


def group_numbers(houses: pd.DataFrame, names: list[str]) -> NDArray[np.intp] | None:
    """(n_houses,) a number for each set of equal values in the columns, missing ones being equal; none without columns.

    Raises:
        ConfigurationError: the houses lack a column.
    """
    if not names:
        return None
    if unknown := [name for name in names if name not in houses]:
        raise ConfigurationError(
            f"`quality.group_columns` in zenml_config/training.yaml names {', '.join(unknown)}; the houses have "
            f"{', '.join(map(str, houses.columns))}."
        )
    return np.asarray(houses.groupby(names, dropna=False).ngroup(), dtype=np.intp)
