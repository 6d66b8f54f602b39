"""How good a procedure is on rows that it has not seen, beside others on the same folds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import stats
from sklearn.model_selection import GroupKFold, RepeatedKFold

from steps.core.columns import Matrix
from steps.core.compute import LOCAL, side_by_side
from steps.core.errors import ConfigurationError
from steps.core.evaluation import errors
from steps.core.procedures import Procedure
from steps.core.search import Scaled

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


class QualitySettings(BaseModel):
    """How deep the quality report looks.

    Attributes:
        folds, repeats, seed: of the repeated K-fold over all houses.
        nested: look for a searched champion's parameters anew in every fold; otherwise it keeps those that it has,
            which were chosen on most of these rows and flatter it. Its SHAP features are chosen anew either way.
        group_columns: houses that share the values of these columns stay together in the grouped folds; none: no
            grouped folds.
        confidence: of the intervals of differences.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    folds: int = Field(ge=2)
    repeats: int = Field(ge=1)
    seed: int = Field(ge=0)
    nested: bool
    group_columns: list[str]
    confidence: float = Field(gt=0.5, lt=1)


class Difference(BaseModel):
    """By how much the first procedure's RMSE is above (below, if negative) another's on the same folds.

    Attributes:
        low, high: the ends of the interval.
        p_value: of no difference, two-sided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    low: float
    high: float
    p_value: float


class Standing(BaseModel):
    """A procedure's figures over the folds, each the mean over them.

    Attributes:
        rmse: of each fold.
        difference: of the first procedure from this one; none of the first itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    rmse: list[float]
    mean_rmse: float
    sd_rmse: float
    mean_r2: float
    mean_mae: float
    difference: Difference | None


class QualityReport(BaseModel):
    """How good the champion's procedure is, beside others on the same folds.

    Attributes:
        champion: the experiment.
        nested: its parameters were looked for anew in each fold, or there was nothing to look for.
        repeated, grouped: the standings, the champion's first; grouped is empty without groups.
        groups: how many there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    champion: str
    houses: int
    folds: int
    repeats: int
    nested: bool
    confidence: float
    group_columns: list[str]
    groups: int
    repeated: list[Standing]
    grouped: list[Standing]

    @property
    def metrics(self) -> dict[str, float]:
        """The mean RMSE of every procedure by kind of folds, and the champion's R²."""
        figures = {f"quality_r2_{kind}": found[0].mean_r2 for kind, found in self._kinds().items()}
        for kind, found in self._kinds().items():
            figures |= {f"quality_rmse_{kind}_{standing.name}": standing.mean_rmse for standing in found}
        return figures

    def _kinds(self) -> dict[str, list[Standing]]:
        return {"repeated": self.repeated} | ({"grouped": self.grouped} if self.grouped else {})


def assess(
    procedures: Mapping[str, Procedure],
    X: Scaled,
    y: Matrix,
    groups: NDArray[np.intp] | None,
    nested: bool,
    settings: QualitySettings,
    fold_done: Callable[[], None] | None = None,
) -> QualityReport:
    """The report of the first procedure beside the others.

    Args:
        groups: (n_rows,) the number of each row's group; none: no grouped folds.
        fold_done: is called after each fold of each procedure, by whatever thread.
    """
    kinds = {"repeated": repeated_folds(len(y), settings.folds, settings.repeats, settings.seed)}
    if groups is not None:
        kinds["grouped"] = grouped_folds(groups, settings.folds, settings.repeats, settings.seed)
    found = {
        kind: standings(
            {name: predictions(procedure, X, y, folds, fold_done) for name, procedure in procedures.items()},
            y,
            folds,
            settings.confidence,
        )
        for kind, folds in kinds.items()
    }
    return QualityReport(
        champion=next(iter(procedures)),
        houses=len(y),
        **settings.model_dump(include={"folds", "repeats", "confidence", "group_columns"}),
        nested=nested,
        groups=0 if groups is None else len(np.unique(groups)),
        repeated=found["repeated"],
        grouped=found.get("grouped", []),
    )


def repeated_folds(rows: int, folds: int, repeats: int, seed: int) -> list[Fold]:
    """The (train, test) rows of repeated K-fold."""
    return list(RepeatedKFold(n_splits=folds, n_repeats=repeats, random_state=seed).split(np.zeros(rows)))


def grouped_folds(groups: NDArray[np.intp], folds: int, repeats: int, seed: int) -> list[Fold]:
    """The same with every group on one side, shuffled anew for each repeat.

    Raises:
        ConfigurationError: there are fewer groups than folds.
    """
    if (there := len(np.unique(groups))) < folds:
        raise ConfigurationError(
            f"`quality.group_columns` in zenml_config/training.yaml make {there} groups of houses, fewer than the "
            f"{folds} folds. Name more columns, none, or lower `quality.folds`."
        )
    return [
        fold
        for repeat in range(repeats)
        for fold in GroupKFold(folds, shuffle=True, random_state=seed + repeat).split(groups, groups=groups)
    ]


def predictions(
    procedure: Procedure, X: Scaled, y: Matrix, folds: Sequence[Fold], fold_done: Callable[[], None] | None = None
) -> list[Matrix]:
    """What the procedure says of each fold's test rows, the folds side by side.

    Args:
        fold_done: is called after each fold, by whatever thread.
    """

    def carry_out(train: NDArray[np.intp], test: NDArray[np.intp]) -> Matrix:
        answer = procedure(X[train], y[train], X[test])
        if fold_done is not None:
            fold_done()
        return answer

    with side_by_side(LOCAL, []):
        answers: list[Matrix] = joblib.Parallel(n_jobs=-1)(joblib.delayed(carry_out)(*fold) for fold in folds)
    return answers


def standings(
    predicted: Mapping[str, Sequence[Matrix]], y: Matrix, folds: Sequence[Fold], confidence: float
) -> list[Standing]:
    """The figures of the procedures in their order; the differences are those of the first one."""
    figures = {
        name: [errors(y[test], answer, "fold") for answer, (_, test) in zip(answers, folds, strict=True)]
        for name, answers in predicted.items()
    }
    first = _column(next(iter(figures.values())), "fold_rmse")
    ratio = float(np.mean([len(test) / len(train) for train, test in folds]))
    return [
        _standing(name, rows, None if number == 0 else first, ratio, confidence)
        for number, (name, rows) in enumerate(figures.items())
    ]


def _standing(
    name: str, rows: list[dict[str, float]], first: Matrix | None, ratio: float, confidence: float
) -> Standing:
    rmse = _column(rows, "fold_rmse")
    return Standing(
        name=name,
        rmse=rmse.tolist(),
        mean_rmse=float(rmse.mean()),
        sd_rmse=float(rmse.std(ddof=1)),
        mean_r2=float(_column(rows, "fold_r2").mean()),
        mean_mae=float(_column(rows, "fold_mae").mean()),
        difference=None if first is None else corrected_difference(first - rmse, ratio, confidence),
    )


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Matrix:
    return np.array([row[name] for row in rows], dtype=np.float64)


def corrected_difference(differences: Matrix, ratio: float, confidence: float) -> Difference:
    """The mean of paired differences between folds, with the corrected resampled t interval.

    Folds share most of their training rows, so that the plain t-test finds differences where there are none; the
    variance of the mean is taken as (1/J + n_test/n_train) times that of the J differences (Nadeau and Bengio 2003,
    "Inference for the generalization error", Machine Learning 52).

    Args:
        differences: (J,), J >= 2.
        ratio: n_test / n_train.
    """
    count, mean = len(differences), float(differences.mean())
    error = float(np.sqrt((1 / count + ratio) * differences.var(ddof=1)))
    if error == 0:
        return Difference(mean=mean, low=mean, high=mean, p_value=1.0 if mean == 0 else 0.0)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * error
    p_value = 2 * float(stats.t.sf(abs(mean) / error, count - 1))
    return Difference(mean=mean, low=mean - half, high=mean + half, p_value=p_value)
