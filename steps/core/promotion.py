"""Whether the best experiment of a run takes the serving champion's place."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from steps.core.errors import GateError
from steps.core.experiments import ExperimentResult
from steps.core.paired import PairedTest

# Why a model may serve, or why it does not take the champion's place.
Rule = Literal["first", "lost", "contract", "unchanged", "intervals", "better", "simpler", "fresher", "not better"]


class Promotion(BaseModel):
    """What a model must reach to serve.

    Attributes:
        maximum_test_rmse: in the target's unit; the model must be below it.
        minimum_test_r2: the model must be above it.
        alpha: a challenger that is no better is promoted at most so often.
        margin: by how much a challenger must be better, in the target's unit.
        not_worse_margin: "not worse" means: surely worse by less than this, in the target's unit.
        trial: a model that passes the test does not take the champion's place at once: it is registered as challenger,
            to be tried beside the champion in the service.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    maximum_test_rmse: float = Field(gt=0)
    minimum_test_r2: float = Field(lt=1)
    alpha: float = Field(gt=0, lt=0.5)
    margin: float = Field(ge=0)
    not_worse_margin: float = Field(gt=0)
    trial: bool


class Incumbent(BaseModel):
    """The model that serves now, as far as the gate needs it.

    Attributes:
        model_digest: the SHA-256 of its booster.
        data_fingerprint: of the data it came from.
        intervals_digest: the SHA-256 of its table of intervals; none: it comes from before there were any.
        parameters: XGBoost's, and those of bagging and segments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    version: str
    model_digest: str
    data_fingerprint: str
    intervals_digest: str | None
    features: tuple[str, ...]
    parameters: dict[str, float | int | str]


class Evidence(BaseModel):
    """Both procedures on the same rows and folds of today's data, and the RMSE of the rows left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    challenger_rmse: float
    champion_rmse: float
    test: PairedTest

    @property
    def figures(self) -> str:
        """The evidence in words."""
        test = self.test
        return (
            f"out-of-fold RMSE {self.challenger_rmse:.3f} against {self.champion_rmse:.3f} on {test.houses} houses "
            f"in the same folds, gain {test.gain:+.3f} [{test.low:+.3f}, {test.high:+.3f}], p = {test.p_better:.3g} "
            f"for better and {test.p_not_worse:.3g} for not worse"
        )


class Verdict(BaseModel):
    """What the gate says of a model that reaches the floors.

    Attributes:
        outcome: "promote": it serves from now on; "unchanged": it is the model that serves already; "challenge": the
            champion stays, and this one is registered as its challenger.
        rule: that decided.
        reason: in words, with the figures.
        champion_version: of the model that serves now; none: there is no champion yet, or its bundle is lost.
        evidence: none where there was nothing to compare with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["promote", "unchanged", "challenge"]
    rule: Rule
    reason: str
    champion_version: str | None
    evidence: Evidence | None = None


def check_floors(name: str, metrics: Mapping[str, float], promotion: Promotion) -> None:
    """Nothing, if the test metrics reach the floors.

    Raises:
        GateError: one does not, or is not a number.
    """
    rmse, r2 = metrics["test_rmse"], metrics["test_r2"]
    faults = []
    if not rmse < promotion.maximum_test_rmse:
        faults.append(f"test RMSE is {rmse:.3f}, wanted below {promotion.maximum_test_rmse:g}")
    if not r2 > promotion.minimum_test_r2:
        faults.append(f"test R² is {r2:.3f}, wanted above {promotion.minimum_test_r2:g}")
    if faults:
        raise GateError(
            f"{name} may not serve: {'; '.join(faults)}. What serves now goes on serving. Look at the experiments in "
            "MLflow, and at the data: the floors are `promotion` in zenml_config/training.yaml."
        )


def without_comparison(
    result: ExperimentResult, fingerprint: str, intervals_digest: str, incumbent: Incumbent, known: frozenset[str]
) -> Verdict | None:
    """The verdict where no test is needed or possible; none: the two must be compared.

    Args:
        known: the features that today's data have.
    """
    version = incumbent.version
    if missing := [name for name in incumbent.features if name not in known]:
        reason = f"version {version} needs {', '.join(missing)}, which the data no longer have or may no longer use"
        return Verdict(outcome="promote", rule="contract", reason=reason, champion_version=version)
    model = (incumbent.model_digest, incumbent.data_fingerprint, incumbent.features)
    if (result.model_digest, fingerprint, result.features) != model:
        return None
    if intervals_digest != incumbent.intervals_digest:
        reason = f"it is the model of version {version} with other intervals"
        return Verdict(outcome="promote", rule="intervals", reason=reason, champion_version=version)
    reason = f"it is version {version}, which serves already"
    return Verdict(outcome="unchanged", rule="unchanged", reason=reason, champion_version=version)


def judge(
    result: ExperimentResult, fingerprint: str, incumbent: Incumbent, evidence: Evidence, promotion: Promotion
) -> Verdict:
    """Whether the model takes the incumbent's place, by the paired test.

    It does if it is better. If it is not worse it does so only with a reason of its own: fewer features, or other data
    than the champion has seen. A difference that may be chance is no reason to change what serves. Where models are
    tried first, it is a challenger all the same.
    """
    is_better = evidence.test.p_better < promotion.alpha
    is_not_worse = evidence.test.p_not_worse < promotion.alpha
    fewer = len(incumbent.features) - len(result.features)
    rule: Rule = "not better"
    if is_better:
        rule, words = "better", f"it is better than version {incumbent.version}"
    elif is_not_worse and fewer > 0:
        rule, words = "simpler", f"it is not worse than version {incumbent.version} and needs {fewer} features less"
    elif is_not_worse and fingerprint != incumbent.data_fingerprint:
        rule, words = "fresher", f"it is not worse than version {incumbent.version}, which was trained on other data"
    else:
        words = f"it is not surely better than version {incumbent.version}, which goes on serving"
    limits = f"alpha {promotion.alpha:g}, margins {promotion.margin:g} and {promotion.not_worse_margin:g}"
    passes = rule != "not better"
    if passes and promotion.trial:
        limits += "; it is to be tried in the service first"
    return Verdict(
        outcome="promote" if passes and not promotion.trial else "challenge",
        rule=rule,
        reason=f"{words}: {evidence.figures}; {limits}",
        champion_version=incumbent.version,
        evidence=evidence,
    )
