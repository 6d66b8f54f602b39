"""What it costs to leave sensitive features out: the same model with and without them, in the same folds."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from steps.core.columns import Matrix, matrix, prices
from steps.core.difference_cells import difference_cells
from steps.core.evaluation import out_of_fold
from steps.core.experiments import Validation
from steps.core.page import Reading, headers, page
from steps.core.paired import fold_errors
from steps.core.quality import corrected_difference
from steps.core.regressors import SEEDS, regressor
from steps.core.sensitive import CostSettings

LEFT_OUT = "left_out"
READING = Reading(
    what="The same model with and without the features that the contract tags as sensitive, in the same folds of the "
    "training rows.",
    good="A narrow interval around 0: the feature can go. A wide one that holds 0 only says that these houses are too "
    "few to tell.",
    act="A cost above 0: weigh it against the reasons for leaving the feature out; `sensitive_features` in "
    "zenml_config/training.yaml decides, and the model card says so.",
)


def left_out_sets(sensitive: Sequence[str]) -> list[tuple[str, ...]]:
    """What is left out side by side: each feature alone, then all of them."""
    alone: list[tuple[str, ...]] = [(name,) for name in sensitive]
    return [*alone, tuple(sensitive)] if len(alone) > 1 else alone


def measure(
    train: pd.DataFrame,
    features: Sequence[str],
    sensitive: Sequence[str],
    validation: Validation,
    settings: CostSettings,
) -> pd.DataFrame:
    """By what is left out: the RMSE with all features and without these, and the difference, its cost.

    `cost` is the mean of the folds' differences in the target's unit; `low` and `high` are the ends of its interval and
    `p_value` that of no difference, by the corrected t-test of repeated folds. The model's settings are fixed and the
    same for all: a champion's own would change from run to run, and one that does not use a feature tells nothing of
    it.

    Args:
        features: those that the model has when none is left out.
    """
    folds = validation.model_copy(update={"repeats": settings.repeats})
    rows = []
    if sensitive:
        whole = _errors(train, features, folds, settings)
        for gone in left_out_sets(sensitive):
            without = _errors(train, [name for name in features if name not in gone], folds, settings)
            found = corrected_difference(without - whole, 1 / (folds.folds - 1), settings.confidence)
            rows.append(
                {
                    LEFT_OUT: ", ".join(gone),
                    "rmse_with": float(whole.mean()),
                    "rmse_without": float(without.mean()),
                    "cost": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "p_value": found.p_value,
                }
            )
    return pd.DataFrame(rows, columns=[LEFT_OUT, "rmse_with", "rmse_without", "cost", "low", "high", "p_value"])


def _errors(train: pd.DataFrame, features: Sequence[str], folds: Validation, settings: CostSettings) -> Matrix:
    """(n_folds * n_repeats,) the RMSE of each fold."""
    parameters = settings.parameters.given() | ({SEEDS: settings.bagging.seeds} if settings.bagging else {})
    X, y = matrix(train, features).astype(np.float32), prices(train)
    return fold_errors(y, out_of_fold(regressor(parameters, folds.model_seed), X, y, folds), folds)


def cost_page(table: pd.DataFrame, validation: Validation, settings: CostSettings, unit: str) -> str:
    """The table with what it means, with everything that it needs inside it.

    Args:
        unit: of the errors.
    """
    seeds = f"{settings.bagging.seeds} seeds averaged" if settings.bagging else "one seed"
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(row))}</tr>" for row in rows)
    heads = ("left out", "RMSE with", "RMSE without", "cost", f"{settings.confidence:.0%} interval", "p")
    head = headers(heads)
    text = (
        (f"<table><tr>{head}</tr>{body}</table>" if rows else "<p>The contract tags no feature as sensitive.</p>")
        + f"<p>The same model on the training rows with and without them, in the same {settings.repeats} x "
        f"{validation.folds} folds; its settings are fixed (<code>sensitive_features.cost</code> in "
        f"zenml_config/training.yaml), {seeds}. Cost: RMSE without less RMSE with, in {html.escape(unit)}; below 0 the "
        "model is better without. Corrected t-test of repeated folds (Nadeau and Bengio 2003); where the interval "
        "holds 0, no difference was found.</p>"
    )
    return page("What leaving sensitive features out costs", READING, text)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        html.escape(row[LEFT_OUT]),
        f"{row['rmse_with']:.3f}",
        f"{row['rmse_without']:.3f}",
        *map(html.escape, difference_cells(row["cost"], row["low"], row["high"], row["p_value"])),
    ]
