"""The step that shows what the data look like."""

import contextlib
import io
import logging
import warnings
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict
from zenml import ArtifactConfig, log_metadata, step
from zenml.config import CachePolicy
from zenml.types import HTMLString

from steps.apply_contract import Contract
from steps.core.fingerprint import HOUSE_ID


class Exploration(BaseModel):
    """What the report shows.

    Attributes:
        interactions: columns whose scatter plots against the target are drawn; each costs a part of a second.
        samples: rows that are shown from the head and the tail.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    interactions: list[str]
    samples: int


@step(cache_policy=CachePolicy(source_dependencies=["steps.explore.profile", "steps.explore.describe"]))
def explore(
    houses: pd.DataFrame, contract: Contract, exploration: Exploration
) -> Annotated[HTMLString, ArtifactConfig(name="exploration_report")]:
    """A page of distributions, missing values and correlations, with everything that it needs inside it."""
    page = HTMLString(profile(houses, contract, exploration))
    log_metadata(
        metadata={"rows": len(houses), "columns": len(contract), "kilobytes": len(page) // 1000}, infer_artifact=True
    )
    return page


def profile(houses: pd.DataFrame, contract: Contract, exploration: Exploration) -> str:
    """The report as HTML."""
    # What the library's parts say while they work is nothing that a reader of the run can act on.
    logging.getLogger("visions").setLevel(logging.WARNING)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        from ydata_profiling import ProfileReport

        report = ProfileReport(
            houses.drop(columns=HOUSE_ID),
            title="House price data",
            minimal=True,
            progress_bar=False,
            variables={"descriptions": {column["name"]: describe(column) for column in contract}},
            correlations={"pearson": {"calculate": True}, "spearman": {"calculate": True}},
            interactions={"continuous": bool(exploration.interactions), "targets": exploration.interactions},
            missing_diagrams={"bar": True, "matrix": True},
            samples={"head": exploration.samples, "tail": exploration.samples},
            html={"inline": True, "use_local_assets": True, "navbar_show": True},
        )
        return str(report.to_html())


def describe(column: dict[str, object]) -> str:
    """A column in words: what it is and its unit."""
    unit = "" if column["unit"] == "1" else f" ({column['unit']})"
    return f"{column['description']}{unit}"
