"""How good a model is, in figures."""

from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import RepeatedKFold

from steps.core.columns import Matrix, prices, target_name
from steps.core.experiments import Validation
from steps.core.fingerprint import HOUSE_ID
from steps.core.search import Scaled

REPEAT = "repeat_"


def errors(truth: Matrix, predicted: Any, prefix: str) -> dict[str, float]:
    """`<prefix>_rmse` and `<prefix>_mae` in the target's unit, and `<prefix>_r2`."""
    return {
        f"{prefix}_rmse": float(root_mean_squared_error(truth, predicted)),
        f"{prefix}_r2": float(r2_score(truth, predicted)),
        f"{prefix}_mae": float(mean_absolute_error(truth, predicted)),
    }


def cross_validated(truth: Matrix, left_out: Matrix, validation: Validation) -> dict[str, float]:
    """The mean over the folds of repeated K-fold (`cv_rmse`, `cv_r2`, `cv_mae`) and `cv_rmse_sd`, their spread.

    The folds are the same for every experiment and differ from those of the searches, so that no experiment is judged
    by the folds that it was chosen on. What stays: its parameters and SHAP's features were chosen on these same rows,
    which flatters the searched ones by a little; the quality report and the test rows tell by how much.

    Args:
        left_out: of `out_of_fold`, (n_repeats, n_rows).
    """
    scores = [
        errors(truth[test], left_out[number // validation.folds, test], "cv")
        for number, (_, test) in enumerate(splits(truth, validation))
    ]
    figures = {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}
    return figures | {"cv_rmse_sd": float(np.std([score["cv_rmse"] for score in scores], ddof=1))}


def out_of_fold(estimator: Any, X: Scaled, y: Matrix, validation: Validation) -> Matrix:
    """(n_repeats, n_rows) predictions of each row by models that did not see it, of one repeated K-fold."""
    parts = list(splits(X, validation))

    def predicted(train: NDArray[np.intp], test: NDArray[np.intp]) -> Any:
        return clone(estimator).fit(X[train], y[train]).predict(X[test])

    with joblib.parallel_config(backend="threading"):
        answers = joblib.Parallel(n_jobs=-1)(joblib.delayed(predicted)(train, test) for train, test in parts)
    predictions = np.empty((validation.repeats, len(y)))
    for number, ((_, test), answer) in enumerate(zip(parts, answers, strict=True)):
        predictions[number // validation.folds, test] = answer
    return predictions


def as_frame(houses: pd.DataFrame, left_out: Matrix) -> pd.DataFrame:
    """`house_id`, the price, and `repeat_1` and so on: the out-of-fold predictions as a table."""
    repeats = {f"{REPEAT}{number + 1}": predictions for number, predictions in enumerate(left_out)}
    return pd.DataFrame({HOUSE_ID: houses[HOUSE_ID], target_name(houses): prices(houses), **repeats})


def left_out_predictions(table: pd.DataFrame) -> Matrix:
    """(n_repeats, n_rows) of such a table."""
    values: Matrix = table.filter(regex=f"^{REPEAT}[0-9]+$").to_numpy("float64").T
    return values


def splits(rows: Any, validation: Validation) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The rows that fit and the rows that judge, by fold, one repeat after the other.

    Fewer repeats are the first ones of more.
    """
    folds = RepeatedKFold(n_splits=validation.folds, n_repeats=validation.repeats, random_state=validation.seed)
    yield from folds.split(rows)
