"""How good a model is, in figures."""

from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import RepeatedKFold, cross_validate

from steps.core.columns import Matrix
from steps.core.experiments import Validation
from steps.core.search import Scaled

SCORES = {"rmse": "neg_root_mean_squared_error", "r2": "r2", "mae": "neg_mean_absolute_error"}


def errors(truth: Matrix, predicted: Any, prefix: str) -> dict[str, float]:
    """`<prefix>_rmse` and `<prefix>_mae` in the target's unit, and `<prefix>_r2`."""
    return {
        f"{prefix}_rmse": float(root_mean_squared_error(truth, predicted)),
        f"{prefix}_r2": float(r2_score(truth, predicted)),
        f"{prefix}_mae": float(mean_absolute_error(truth, predicted)),
    }


def cross_validated(estimator: Any, X: Scaled, y: Matrix, validation: Validation) -> dict[str, float]:
    """The mean over repeated K-fold (`cv_rmse`, `cv_r2`, `cv_mae`) and `cv_rmse_sd`, the spread between folds.

    The folds are the same for every experiment and differ from those of the searches, so that no experiment is judged
    by the folds that it was chosen on. What stays: its parameters and SHAP's features were chosen on these same rows,
    which flatters the searched ones by a little; the test rows tell by how much.
    """
    folds = _folds(validation)
    with joblib.parallel_config(backend="threading"):
        scores = cross_validate(clone(estimator), X, y, scoring=SCORES, cv=folds, n_jobs=-1, error_score="raise")
    return {
        "cv_rmse": float(-np.mean(scores["test_rmse"])),
        "cv_rmse_sd": float(np.std(scores["test_rmse"], ddof=1)),
        "cv_r2": float(np.mean(scores["test_r2"])),
        "cv_mae": float(-np.mean(scores["test_mae"])),
    }


def out_of_fold(estimator: Any, X: Scaled, y: Matrix, validation: Validation) -> Matrix:
    """(n_repeats, n_rows) predictions of each row by models that did not see it; the folds of `cross_validated`."""
    splits = list(_folds(validation).split(X))

    def predicted(train: NDArray[np.intp], test: NDArray[np.intp]) -> Any:
        return clone(estimator).fit(X[train], y[train]).predict(X[test])

    with joblib.parallel_config(backend="threading"):
        answers = joblib.Parallel(n_jobs=-1)(joblib.delayed(predicted)(train, test) for train, test in splits)
    predictions = np.empty((validation.repeats, len(y)))
    for number, ((_, test), answer) in enumerate(zip(splits, answers, strict=True)):
        predictions[number // validation.folds, test] = answer
    return predictions


def _folds(validation: Validation) -> RepeatedKFold:
    return RepeatedKFold(n_splits=validation.folds, n_repeats=validation.repeats, random_state=validation.seed)
