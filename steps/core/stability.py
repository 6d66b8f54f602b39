"""How sure it is that a feature is among the most important ones: its rank in models of resampled rows.

Stability selection (Meinshausen and Bühlmann 2010, Journal of the Royal Statistical Society B 72): what is chosen in
most resamples of the data is no accident of these very rows. They take half of the rows without replacement; the
bootstrap, as here, does much the same (Bach 2008, "Bolasso", ICML) and keeps the size of the training set.
"""

from collections.abc import Sequence
from typing import Annotated, Self

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from steps.core.bins import CACHE
from steps.core.columns import Matrix
from steps.core.compute import LOCAL, side_by_side
from steps.core.errors import ConfigurationError
from steps.core.experiments import Experiment
from steps.core.importance import FEATURE, MEAN_ABS_SHAP, rank, sample, shap_values
from steps.core.regressors import regressor
from steps.core.search import Scaled

CHOSEN, FREQUENCY, BORDERLINE = "chosen", "frequency", "borderline"
RANK_LOW, RANK_HIGH = "rank_low", "rank_high"
RESAMPLE = "resample_"

Share = Annotated[float, Field(ge=0, le=1)]


class FeatureSelection(BaseModel):
    """How the choice of the most important features is examined.

    Attributes:
        top: so many are the choice that is reported on.
        resamples: models of bootstrap resamples of the training rows that rank the features anew.
        seed: of the resamples.
        confidence: share of the resamples that the interval of a feature's rank holds.
        borderline: `[low, high]`: a chosen feature that is chosen in less than `high` of the resamples is borderline,
            and one that is not chosen but is in more than `low` of them.
        expected: the features that are expected to be chosen, in any order; none: nothing is expected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    top: int = Field(ge=1)
    resamples: int = Field(ge=10, le=1000)
    seed: int = Field(ge=0)
    confidence: float = Field(gt=0.5, lt=1)
    borderline: Annotated[list[Share], Field(min_length=2, max_length=2)]
    expected: list[str]

    def without(self, left_out: Sequence[str]) -> Self:
        """The settings for a run that leaves these features out: one of them takes the whole expectation along."""
        is_moot = not set(left_out).isdisjoint(self.expected)
        return self.model_copy(update={"expected": []}) if is_moot else self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        low, high = self.borderline
        if low > high:
            raise ValueError(f"borderline: the first share must not be above the second; got [{low}, {high}]")
        if twice := sorted({name for name in self.expected if self.expected.count(name) > 1}):
            raise ValueError(f"expected: {', '.join(twice)} more than once; name each feature once")
        if self.expected and len(self.expected) != self.top:
            raise ValueError(
                f"expected: wanted the names of {self.top} features (`top`), or none; got {len(self.expected)}"
            )
        return self


def resampled_ranks(
    X: Scaled, y: Matrix, features: Sequence[str], settings: FeatureSelection, seed: int
) -> pd.DataFrame:
    """The rank of each feature, 1 for the most important, in each resample: a row a feature, `resample_1` and so on.

    The rows to fit on are drawn anew; SHAP values are taken on the same rows of `X` each time, so that ranks differ by
    what the models learned, not by the houses that they are asked about (of which each has not seen about a third).

    Args:
        X, y: the training rows and prices.
        seed: of the models.
    """
    draws = np.random.default_rng(settings.seed).integers(0, len(y), (settings.resamples, len(y)))
    asked = X[sample(len(y))]

    def ranked(rows: NDArray[np.intp]) -> list[int]:
        booster = regressor({}, seed).fit(X[rows], y[rows]).get_booster()
        booster.feature_names = list(features)
        order = rank(shap_values(booster, asked, features), features)[FEATURE].tolist()
        return [order.index(name) + 1 for name in features]

    try:
        with side_by_side(LOCAL, []):
            ranks = joblib.Parallel(n_jobs=-1)(joblib.delayed(ranked)(rows) for rows in draws)
    finally:
        CACHE.clear()
    names = [f"{RESAMPLE}{number + 1}" for number in range(settings.resamples)]
    return pd.DataFrame(np.transpose(ranks), index=pd.Index(features, name=FEATURE), columns=names)


def with_stability(ranking: pd.DataFrame, ranks: pd.DataFrame, settings: FeatureSelection) -> pd.DataFrame:
    """The ranking with what the resamples say of the choice of the first `top`, and with the ranks themselves."""
    own = ranks.loc[ranking[FEATURE]].reset_index(drop=True)
    return stability(pd.concat([ranking, own], axis=1), settings.top, settings)


def stability(ranking: pd.DataFrame, top: int, settings: FeatureSelection) -> pd.DataFrame:
    """The ranking by what the resamples say of the choice of its first `top` features.

    It has `feature` and `mean_abs_shap`; `chosen`: it is one of them; `frequency`: the share of the resamples that
    choose it; `rank_low`, `rank_high`: the ends of the interval of its rank; `borderline`; then the ranks.

    Args:
        ranking: with the ranks, the most important first.
    """
    ranks = ranking.filter(regex=f"^{RESAMPLE}[0-9]+$")
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=1, method="inverted_cdf")
    chosen, frequency = np.arange(len(ranking)) < top, (ranks.to_numpy() <= top).mean(axis=1)
    less, more = settings.borderline
    own = {
        CHOSEN: chosen,
        FREQUENCY: frequency,
        RANK_LOW: low.astype(int),
        RANK_HIGH: high.astype(int),
        BORDERLINE: np.where(chosen, frequency < more, frequency > less),
    }
    return pd.concat([ranking[[FEATURE, MEAN_ABS_SHAP]].assign(**own), ranks], axis=1)


def choice_of(experiment: Experiment, ranking: pd.DataFrame, settings: FeatureSelection) -> pd.DataFrame | None:
    """The same for as many features as the experiment takes of the ranking; none if it takes all."""
    return None if experiment.features == "all" else stability(ranking, experiment.features.shap_top, settings)


def borderline(ranking: pd.DataFrame) -> dict[str, float]:
    """The frequencies of the borderline features, by name."""
    rows = ranking[ranking[BORDERLINE]]
    return dict(zip(rows[FEATURE], rows[FREQUENCY].astype(float), strict=True))


def check_expected(features: Sequence[str], settings: FeatureSelection) -> None:
    """Nothing, if there are as many features as are chosen, and the expected ones are among them.

    Raises:
        ConfigurationError: otherwise.
    """
    place = "in zenml_config/training.yaml"
    if settings.top > len(features):
        raise ConfigurationError(
            f"`feature_selection.top` {place} is {settings.top}; the contract has {len(features)} stored features. "
            "Lower it."
        )
    if unknown := [name for name in settings.expected if name not in features]:
        raise ConfigurationError(
            f"`feature_selection.expected` {place} names {', '.join(unknown)}; the stored features are "
            f"{', '.join(features)}. Mend the names, or expect none: []."
        )
