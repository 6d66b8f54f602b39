"""The step that shows what the data look like."""

import warnings
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict
from zenml import ArtifactConfig, log_metadata, step
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


@step
def explore(
    houses: pd.DataFrame, contract: Contract, exploration: Exploration
) -> Annotated[HTMLString, ArtifactConfig(name="exploration_report")]:
    """A page of distributions, missing values and correlations, with everything that it needs inside it."""
    page = HTMLString(profile(houses, contract, exploration))
    log_metadata({"rows": len(houses), "columns": len(contract), "kilobytes": len(page) // 1000}, infer_artifact=True)
    return page


def profile(houses: pd.DataFrame, contract: Contract, exploration: Exploration) -> str:
    """The report as HTML."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the report's own parts: a reader of the run can do nothing about them
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
