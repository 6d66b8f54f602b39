"""Whether the champion of a run may serve."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from sklearn.metrics import root_mean_squared_error

from steps.core.columns import Matrix
from steps.core.errors import GateError
from steps.core.experiments import ExperimentResult

UNSEEN = "test rows that neither model was trained on"
RECORDED = "cross-validated errors, each on its own training rows"


class Promotion(BaseModel):
    """What a model must reach to serve.

    Attributes:
        maximum_test_rmse: in the target's unit; the model must be below it.
        minimum_test_r2: the model must be above it.
        tolerance: by how much the RMSE may exceed the serving champion's, in the target's unit.
        minimum_rows: with fewer rows that neither model was trained on, the cross-validated errors are compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    maximum_test_rmse: float = Field(gt=0)
    minimum_test_r2: float = Field(lt=1)
    tolerance: float = Field(ge=0)
    minimum_rows: int = Field(ge=1)


class Incumbent(BaseModel):
    """The model that serves now, as far as the gate needs it.

    Attributes:
        model_digest: the SHA-256 of its booster.
        data_fingerprint: of the data it came from.
        intervals_digest: the SHA-256 of its table of intervals; none: it comes from before there were any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    version: str
    model_digest: str
    data_fingerprint: str
    intervals_digest: str | None
    features: tuple[str, ...]
    cv_rmse: float


class Comparison(BaseModel):
    """Two errors that may be held against each other, in the target's unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    basis: str
    rows: int
    challenger_rmse: float
    champion_rmse: float


class Verdict(BaseModel):
    """What the gate says of a champion that passed.

    Attributes:
        outcome: "unchanged": it is the model that serves already.
        champion_version: of the model that serves now; none: there is no champion yet, or its bundle is lost.
        comparison: with that model; none if there is none to compare with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["promote", "unchanged"]
    reason: str
    champion_version: str | None
    comparison: Comparison | None


def compare(
    truth: Matrix,
    challenger: NDArray[np.float32],
    champion: NDArray[np.float32],
    cv_rmse: tuple[float, float],
    minimum_rows: int,
) -> Comparison:
    """The errors of both models on the same rows, or their cross-validated ones where too few rows are fair.

    Args:
        truth, challenger, champion: the prices and both predictions, of rows that neither model was trained on.
        cv_rmse: of the challenger and of the champion.
    """
    if len(truth) < minimum_rows:
        return Comparison(basis=RECORDED, rows=0, challenger_rmse=cv_rmse[0], champion_rmse=cv_rmse[1])
    return Comparison(
        basis=UNSEEN,
        rows=len(truth),
        challenger_rmse=float(root_mean_squared_error(truth, challenger)),
        champion_rmse=float(root_mean_squared_error(truth, champion)),
    )


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


def is_same(result: ExperimentResult, fingerprint: str, intervals_digest: str, incumbent: Incumbent) -> bool:
    """Whether the incumbent is this model, from these data, with these intervals."""
    return (result.model_digest, fingerprint, intervals_digest, result.features) == (
        incumbent.model_digest,
        incumbent.data_fingerprint,
        incumbent.intervals_digest,
        incumbent.features,
    )


def judge(result: ExperimentResult, incumbent: Incumbent, comparison: Comparison, promotion: Promotion) -> Verdict:
    """That the model may take the incumbent's place.

    Raises:
        GateError: it is worse than the incumbent by more than the tolerance.
    """
    behind = comparison.challenger_rmse - comparison.champion_rmse
    figures = (
        f"RMSE {comparison.challenger_rmse:.3f} against {comparison.champion_rmse:.3f} of version {incumbent.version} "
        f"({comparison.basis}{f', {comparison.rows}' if comparison.rows else ''})"
    )
    if not behind <= promotion.tolerance:
        raise GateError(
            f"{result.name} may not serve: it is worse than the serving champion: {figures}, more than the "
            f"{promotion.tolerance:g} that `promotion.tolerance` in zenml_config/training.yaml allows. "
            f"Version {incumbent.version} goes on serving."
        )
    return Verdict(outcome="promote", reason=figures, champion_version=incumbent.version, comparison=comparison)
