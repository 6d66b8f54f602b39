"""Which sensitive features a model may be trained with: each needs a waiver with its reason, or is left out."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from serving.contract import FeatureSpec
from steps.core.errors import ConfigurationError
from steps.core.experiments import Bagging, Experiment, Hyperparameters

PLACE = "`sensitive_features` in zenml_config/training.yaml"
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class CostSettings(BaseModel):
    """How it is measured what leaving a sensitive feature out costs.

    Attributes:
        parameters, bagging: of the model that is fitted with and without the feature.
        repeats: of the folds of `validation`, the first ones.
        confidence: of the interval of the difference.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    parameters: Hyperparameters
    bagging: Bagging | None
    repeats: int = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)


class SensitiveFeatures(BaseModel):
    """What zenml_config/training.yaml says of the features that the contract tags as sensitive.

    Attributes:
        waivers: why a model may be trained with the feature, by its name.
        leave_out: the features that no model is trained with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    waivers: dict[str, Reason]
    leave_out: list[str]
    cost: CostSettings

    @model_validator(mode="after")
    def _waived_or_left_out(self) -> Self:
        if both := [name for name in self.leave_out if name in self.waivers]:
            raise ValueError(f"{', '.join(both)}: has a waiver and is left out; remove one of the two")
        return self


class Admission(BaseModel):
    """What became of the sensitive features.

    Attributes:
        sensitive: the stored ones, in the contract's order.
        waivers: the reasons by feature.
        left_out: what no model of the run sees, in the contract's order: also what is computed from it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensitive: list[str]
    waivers: dict[str, str]
    left_out: list[str]


def admit(specs: Sequence[FeatureSpec], wanted: SensitiveFeatures) -> Admission:
    """What becomes of the sensitive ones among the features.

    A ratio of a feature that is left out is left out too: it would bring it back. One that is sensitive because of its
    parts is covered by their waivers.

    Raises:
        ConfigurationError: a sensitive feature has no waiver and is not left out, or a name is none of theirs.
    """
    sensitive = {spec.name: spec for spec in specs if spec.sensitive}
    _check_names([*wanted.waivers, *wanted.leave_out], sensitive)
    left_out = [spec.name for spec in specs if not {spec.name, *_parts(spec)}.isdisjoint(wanted.leave_out)]
    if idle := [name for name in wanted.waivers if name in left_out]:
        raise ConfigurationError(
            f"{PLACE}: {', '.join(idle)} has a waiver and is computed from a feature that is left out, "
            f"{', '.join(wanted.leave_out)}. Remove the waiver, or waive what it is computed from."
        )
    for spec in sensitive.values():
        causes = [part for part in _parts(spec) if part in sensitive]
        is_covered = bool(causes) and all(part in wanted.waivers for part in causes)
        if spec.name not in left_out and spec.name not in wanted.waivers and not is_covered:
            raise ConfigurationError(_refusal(spec, list(sensitive)))
    return Admission(
        sensitive=[name for name, spec in sensitive.items() if spec.ratio is None],
        waivers=dict(wanted.waivers),
        left_out=left_out,
    )


def check_experiments(experiments: Sequence[Experiment], left_out: Sequence[str]) -> None:
    """Nothing, if no experiment names a derived feature that is left out.

    Raises:
        ConfigurationError: one does.
    """
    for experiment in experiments:
        if gone := [name for name in experiment.derived if name in left_out]:
            raise ConfigurationError(
                f"Experiment {experiment.name} wants the derived features {', '.join(gone)}, which are left out with "
                f"the sensitive feature that they come from ({PLACE}). Take them out of `derived`, or give that "
                "feature a waiver."
            )


def _parts(spec: FeatureSpec) -> tuple[str, ...]:
    return spec.ratio.parts if spec.ratio else ()


def _check_names(names: Sequence[str], sensitive: dict[str, FeatureSpec]) -> None:
    if unknown := [name for name in names if name not in sensitive]:
        raise ConfigurationError(
            f"{PLACE} names {', '.join(unknown)}; the contract tags as sensitive: {', '.join(sensitive) or 'none'}. "
            "Correct the name, or set `sensitive=True` for the feature in the feature repository."
        )


def _refusal(spec: FeatureSpec, sensitive: Sequence[str]) -> str:
    return (
        f"{spec.name} ({spec.description}) is a sensitive feature and has no waiver: a model is trained with it only "
        f"for a reason, which stands in the model card. Under {PLACE} give it one, `waivers: {{{spec.name}: why it may "
        f"be used}}`, or leave it out, `leave_out: [{spec.name}]`. The contract tags as sensitive: "
        f"{', '.join(sensitive)}."
    )
