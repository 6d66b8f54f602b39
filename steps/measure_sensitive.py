"""The step that measures what leaving sensitive features out costs, whether they are waived or left out."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.logger import get_logger
from zenml.types import HTMLString

from steps.artifacts.materializers import FrameMaterializer
from steps.core import (
    bins,
    columns,
    difference_cells,
    evaluation,
    page,
    paired,
    price_unit,
    quality,
    regressors,
    sensitive_cost,
)
from steps.core.columns import feature_names, target_name
from steps.core.experiments import Validation
from steps.core.fingerprint import HOUSE_ID
from steps.core.sensitive import Admission, CostSettings
from steps.core.sensitive_cost import LEFT_OUT, cost_page, measure

logger = get_logger(__name__)


@step(
    output_materializers={"sensitive_cost": FrameMaterializer},
    cache_policy=CachePolicy(
        source_dependencies=[
            bins,
            columns,
            difference_cells,
            evaluation,
            page,
            paired,
            price_unit,
            quality,
            regressors,
            sensitive_cost,
        ]
    ),
)
def measure_sensitive(
    houses: pd.DataFrame,
    train: pd.DataFrame,
    derived: list[str],
    admission: Admission,
    validation: Validation,
    cost: CostSettings,
    meanings: dict[str, dict[str, str]],
) -> tuple[
    Annotated[pd.DataFrame, ArtifactConfig(name="sensitive_cost")],
    Annotated[HTMLString, ArtifactConfig(name="sensitive_cost_report")],
]:
    """The cost by what is left out, and a page of it.

    Args:
        houses: with all features, also those that the run leaves out.
        train: the training rows, by their ids.
        derived: the features of the houses that are computed from others and have no part in this.
        admission: says which stored features are sensitive: they are left out by turns.
        meanings: description, unit and allowed values of each column.
    """
    rows = houses.set_index(HOUSE_ID, drop=False).loc[train[HOUSE_ID]].reset_index(drop=True)
    stored = [name for name in feature_names(houses) if name not in derived]
    table = measure(rows, stored, admission.sensitive, validation, cost)
    costs = dict(zip(table[LEFT_OUT], table["cost"], strict=True))
    logger.info("Leaving out: %s", "; ".join(f"{names} costs {value:+.3f}" for names, value in costs.items()) or "none")
    log_metadata(metadata={"cost_of_leaving_out": costs}, artifact_name="sensitive_cost", infer_artifact=True)
    unit = price_unit.price_unit(meanings, target_name(train))
    return table, HTMLString(cost_page(table, validation, cost, unit))
