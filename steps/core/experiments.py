"""Experiments as data: what zenml_config/training.yaml may say, and what came out of one.

XGBoost only warns of a parameter that it does not know: here it is an error.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from scipy import stats

from steps.core.errors import ConfigurationError
from steps.core.price_unit import UNKNOWN


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Hyperparameters(_Strict):
    """XGBoost's parameters by its own names; one that is not given keeps XGBoost's default."""

    n_estimators: int | None = Field(default=None, ge=1)
    learning_rate: float | None = Field(default=None, gt=0, le=1)
    max_depth: int | None = Field(default=None, ge=1)
    max_leaves: int | None = Field(default=None, ge=0)
    max_bin: int | None = Field(default=None, ge=2)
    grow_policy: Literal["depthwise", "lossguide"] | None = None
    min_child_weight: float | None = Field(default=None, ge=0)
    max_delta_step: float | None = Field(default=None, ge=0)
    subsample: float | None = Field(default=None, gt=0, le=1)
    colsample_bytree: float | None = Field(default=None, gt=0, le=1)
    colsample_bylevel: float | None = Field(default=None, gt=0, le=1)
    colsample_bynode: float | None = Field(default=None, gt=0, le=1)
    gamma: float | None = Field(default=None, ge=0)
    reg_alpha: float | None = Field(default=None, ge=0)
    reg_lambda: float | None = Field(default=None, ge=0)

    def given(self) -> dict[str, Any]:
        """Those that were given, by name."""
        return self.model_dump(exclude_none=True)


class Distribution(_Strict):
    """One of SciPy's distributions with SciPy's arguments, or a choice.

    Attributes:
        randint: `[low, high]`: whole numbers from low up to, and without, high.
        uniform: `[loc, scale]`: numbers from loc to loc + scale.
        loguniform: `[low, high]`: numbers from low to high, each order of magnitude as likely as the next.
        choice: one of the values.
    """

    randint: Annotated[list[int], Field(min_length=2, max_length=2)] | None = None
    uniform: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    loguniform: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    choice: Annotated[list[int | float | str], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_that_is_not_empty(self) -> Self:
        given = self.model_dump(exclude_none=True)
        if len(given) != 1:
            raise ValueError(f"wanted one of randint, uniform, loguniform, choice; got {', '.join(given) or 'none'}")
        for kind in given.keys() - {"choice"}:
            low, second = given[kind]
            if second <= (0 if kind == "uniform" else low) or (kind == "loguniform" and low <= 0):
                raise ValueError(f"{kind}: nothing can be drawn from [{low}, {second}]")
        return self

    def sampler(self) -> Any:
        """What RandomizedSearchCV draws from."""
        ((kind, arguments),) = self.model_dump(exclude_none=True).items()
        return arguments if kind == "choice" else getattr(stats, kind)(*arguments)

    def extremes(self) -> list[Any]:
        """The values at the ends of what can be drawn; every value of a choice."""
        if self.choice is not None:
            return list(self.choice)
        low, high = self.sampler().support()
        return [int(low), int(high)] if self.randint else [float(low), float(high)]


class Search(_Strict):
    """A randomized search.

    Attributes:
        iterations: how many candidates are drawn.
        folds: each candidate's score is the mean over so many folds of the training rows.
        space: what each parameter is drawn from.
    """

    iterations: int = Field(ge=1)
    folds: int = Field(ge=2)
    space: dict[str, Distribution] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_parameters(self) -> Self:
        for name, distribution in self.space.items():
            for value in distribution.extremes():
                try:
                    Hyperparameters.model_validate({name: value})
                except ValidationError as err:
                    raise ValueError(f"{name} = {value!r}: {err.errors()[0]['msg']}") from None
        return self


class TopFeatures(_Strict):
    """The features that a default model uses most, by mean absolute SHAP value."""

    shap_top: int = Field(ge=1)


class Bagging(_Strict):
    """The mean of models that differ in their seed only, merged into one booster.

    Attributes:
        seeds: how many.
    """

    seeds: int = Field(ge=2, le=50)


class Segments(_Strict):
    """A model for each range of one column's values, joined in one booster (steps.core.segments).

    Attributes:
        column: one of the experiment's features.
        cuts: in the column's unit, rising; a value belongs to the segment above the cuts that it reaches.
        pooling: the weight of the other segments' houses in a segment's model: 0: its own houses only; below 1, which
            would be the model of all houses.
        minimum_houses: a segment with fewer houses among those that train has the model of all houses.
    """

    column: str = Field(min_length=1)
    cuts: list[Annotated[float, Field(allow_inf_nan=False)]] = Field(min_length=1, max_length=50)
    pooling: float = Field(ge=0, lt=1)
    minimum_houses: int = Field(ge=1)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(second <= first for first, second in pairwise(self.cuts)):
            raise ValueError(f"segments: the cuts must rise; got {', '.join(f'{cut:g}' for cut in self.cuts)}")
        return self

    def recorded(self) -> dict[str, float | int | str]:
        """The segments among a model's parameters; `steps.core.estimators` reads them."""
        return {
            "segment_column": self.column,
            "segment_cuts": ", ".join(map(repr, self.cuts)),
            "segment_pooling": self.pooling,
            "segment_minimum": self.minimum_houses,
        }


class Experiment(_Strict):
    """One line of the comparison.

    Attributes:
        features: all stored ones of the contract, or as many of them as `shap_top` says.
        derived: names of derived features that are taken besides.
        parameters: fixed; the search adds its own.
        search: or null: the parameters are taken as they are.
        bagging, segments: of the model that comes out; a search looks for its parameters with single models of all
            houses.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    features: Literal["all"] | TopFeatures
    parameters: Hyperparameters
    search: Search | None
    bagging: Bagging | None = None
    segments: Segments | None = None
    derived: list[str] = []

    @model_validator(mode="after")
    def _fixed_or_searched(self) -> Self:
        both = set(self.parameters.given()) & set(self.search.space if self.search else ())
        if both:
            raise ValueError(f"{', '.join(sorted(both))}: fixed in `parameters` and drawn in `search`; remove one")
        return self

    @property
    def is_single(self) -> bool:
        """Whether its model is one that XGBoost fits, rather than several joined."""
        return self.bagging is None and self.segments is None

    def recorded(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """XGBoost's parameters as they are recorded: with those of bagging and segments where there are any."""
        bagging = {"bagging_seeds": self.bagging.seeds} if self.bagging else {}
        return parameters | bagging | (self.segments.recorded() if self.segments else {})

    def choose(self, ranking: Sequence[str], order: Sequence[str]) -> list[str]:
        """The names of its features, the derived ones last.

        Args:
            ranking: the stored features, the most important first.
            order: all features in the order of the contract, which the names keep; what is not ranked is derived.

        Raises:
            ConfigurationError: it asks for more features than there are, or for a derived one that does not exist, or
                its segments are of a column that is not among them.
        """
        known = [name for name in order if name not in ranking]
        if unknown := [name for name in self.derived if name not in known]:
            raise ConfigurationError(
                f"Experiment {self.name} wants the derived features {', '.join(unknown)}; the contract has "
                f"{', '.join(known) or 'none'}. Mend `derived` in zenml_config/training.yaml, or define them in "
                "the feature repository."
            )
        count = len(ranking) if self.features == "all" else self.features.shap_top
        if count > len(ranking):
            raise ConfigurationError(
                f"Experiment {self.name} wants the {count} most important features; the contract has {len(ranking)}. "
                "Lower `shap_top` in zenml_config/training.yaml."
            )
        chosen = [*ranking[:count], *self.derived]
        if self.segments is not None and self.segments.column not in chosen:
            raise ConfigurationError(
                f"Experiment {self.name} has segments by {self.segments.column}, which is none of its features "
                f"({', '.join(name for name in order if name in chosen)}): the model could not see a house's segment. "
                "Mend `segments` or `features` in zenml_config/training.yaml."
            )
        return [name for name in order if name in chosen]


def _unique(experiments: list[Experiment]) -> list[Experiment]:
    names = [experiment.name for experiment in experiments]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"experiments of the same name: {', '.join(twice)}")
    return experiments


# The experiments of a run, each with a name of its own.
Experiments = Annotated[list[Experiment], Field(min_length=1), AfterValidator(_unique)]


class Validation(_Strict):
    """How experiments are compared: repeated K-fold on the training rows, the same folds for all.

    Attributes:
        seed: of the folds; they are not those of any search.
        model_seed: of every fit, and of the search's draws and folds.
    """

    folds: int = Field(ge=2)
    repeats: int = Field(ge=1)
    seed: int = Field(ge=0)
    model_seed: int = Field(ge=0)


class ExperimentResult(BaseModel):
    """What came out of an experiment.

    Attributes:
        features: in training order.
        parameters: XGBoost's, fixed and found, and those of bagging and segments; the rest are its defaults.
        metrics: `cv_…` over the folds of `Validation` (`cv_rmse_sd` is the spread between folds), `train_…` and
            `test_…` of the model that was fitted on all training rows, `search_rmse` the best score that the search
            saw, which is too good: it was chosen for being so. Errors in `unit`.
        seconds: `search` and `total`.
        model_digest: the SHA-256 of the booster.
        model_uri: the model in MLflow, which takes raw features.
        unit: of the prices and the errors, as the contract names it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    name: str
    features: tuple[str, ...]
    parameters: dict[str, float | int | str]
    metrics: dict[str, float]
    seconds: dict[str, float]
    model_digest: str
    mlflow_run_id: str
    model_uri: str
    unit: str = UNKNOWN  # results of before do not say it

    @property
    def summary(self) -> str:
        """The figures that matter, in a line."""
        figures = "cross-validated RMSE {cv_rmse:.3f} ± {cv_rmse_sd:.3f}, test RMSE {test_rmse:.3f}, R² {test_r2:.3f}"
        return f"{figures.format(**self.metrics)}, {self.seconds['total']:.1f} s"
