"""What the model card is made of: everything that is known of a model before it has a version."""

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from serving.contract import FeatureSpec
from steps.core.card_statements import CardStatements
from steps.core.cause import Cause
from steps.core.experiments import ExperimentResult, Validation
from steps.core.importance import FEATURE
from steps.core.intervals import FittedIntervals
from steps.core.price_tiers import PriceTier
from steps.core.promotion import Verdict
from steps.core.quality import QualityReport
from steps.core.sensitive import Admission
from steps.core.sensitive_cost import LEFT_OUT
from steps.core.stability import BORDERLINE, FREQUENCY, RANK_HIGH, RANK_LOW


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
    """A column of the contract, in words.

    Attributes:
        is_used: the model takes it.
        made_of: how a derived one is computed.
    """

    name: str
    description: str
    unit: str
    allowed: str
    is_sensitive: bool
    is_used: bool
    made_of: str | None


class DataFacts(_Frozen):
    """The data that the model was trained and judged on.

    Attributes:
        missing_values: of the stored features and prices of all houses.
        priced_from, priced_to: when the first and the last price became known, ISO 8601.
        as_of: what was written later does not count; none: everything does.
    """

    fingerprint: str
    feature_service: str
    houses: int
    training_houses: int
    test_houses: int
    missing_values: int
    priced_from: str
    priced_to: str
    as_of: str | None


class LeavingOut(_Frozen):
    """What leaving sensitive features out costs, see `steps.core.sensitive_cost.measure`."""

    left_out: str
    rmse_with: float
    rmse_without: float
    cost: float
    low: float
    high: float
    p_value: float


class Selection(_Frozen):
    """How often a feature is among the most important ones when the rows are drawn anew, 0 to 1, and its ranks."""

    feature: str
    frequency: float
    rank_low: int
    rank_high: int
    is_borderline: bool


class CardEvidence(_Frozen):
    """All of it.

    Attributes:
        columns: the features of the contract, then the price.
        tiers: from the out-of-fold predictions.
        confidence: of the intervals in `leaving_out`.
        cause: why it was trained.
        git_commit: of the code that trained.
        environment: versions by library.
    """

    statements: CardStatements
    columns: list[Column]
    data: DataFacts
    champion: ExperimentResult
    validation: Validation
    intervals: FittedIntervals
    tiers: list[PriceTier]
    quality: QualityReport
    verdict: Verdict
    admission: Admission
    leaving_out: list[LeavingOut]
    confidence: float
    selection: list[Selection]
    cause: Cause
    zenml_run: str
    git_commit: str
    environment: dict[str, str]

    @property
    def target(self) -> Column:
        """The column of the price."""
        return self.columns[-1]


class Registration(_Frozen):
    """Under what name the model is registered.

    Attributes:
        version: a number.
        created_at: ISO 8601.
        feature_service: of this version, in Feast.
    """

    name: str
    version: str = Field(pattern=r"^[0-9]+$")
    created_at: str
    feature_service: str


def columns_of(specs: Sequence[FeatureSpec], used: Collection[str]) -> list[Column]:
    """The columns in words."""
    return [
        Column(
            name=spec.name,
            description=spec.description,
            unit=spec.unit,
            allowed=spec.allowed,
            is_sensitive=spec.sensitive,
            is_used=spec.name in used,
            made_of=spec.ratio.formula if spec.ratio else None,
        )
        for spec in specs
    ]


def leaving_out_of(table: pd.DataFrame) -> list[LeavingOut]:
    """The rows of the table of `measure`."""
    return [
        LeavingOut(**_named(row)) for row in table[[LEFT_OUT, *list(LeavingOut.model_fields)[1:]]].to_dict("records")
    ]


def selection_of(ranking: pd.DataFrame) -> list[Selection]:
    """How stable the ranking of `rank_features` is, the most important feature first."""
    names = {FEATURE: "feature", FREQUENCY: "frequency", BORDERLINE: "is_borderline"}
    names |= {RANK_LOW: "rank_low", RANK_HIGH: "rank_high"}
    return [Selection(**_named(row)) for row in ranking[list(names)].rename(columns=names).to_dict("records")]


def _named(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}
