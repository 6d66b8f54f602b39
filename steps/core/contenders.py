"""The experiments of a run on the same folds, each beside the winner."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from steps.core.columns import Matrix, prices
from steps.core.evaluation import left_out_predictions
from steps.core.experiments import ExperimentResult, Validation
from steps.core.fingerprint import HOUSE_ID
from steps.core.paired import fold_errors
from steps.core.quality import Difference, corrected_difference


@dataclass(frozen=True, slots=True)
class Contender:
    """An experiment beside the winner.

    Attributes:
        rmse: (n_folds * n_repeats,) of each fold, in the target's unit.
        behind: by how much its RMSE is above the winner's, fold by fold; none of the winner itself.
    """

    result: ExperimentResult
    rmse: Matrix
    behind: Difference | None

    @property
    def surely_behind(self) -> bool:
        """Whether the interval of the difference lies above 0."""
        return self.behind is not None and self.behind.low > 0


def beside_winner(
    results: Sequence[ExperimentResult],
    left_out: Sequence[pd.DataFrame],
    winner: int,
    validation: Validation,
    confidence: float,
) -> list[Contender]:
    """The experiments, in their order.

    Args:
        left_out: their out-of-fold predictions, tables of `as_frame` in the folds of `validation`.
        winner: the position of the one that the others are compared with.
        confidence: of the intervals of the differences.
    """
    rmse = [fold_errors(_truth(table), left_out_predictions(table), validation) for table in left_out]
    ratio = 1 / (validation.folds - 1)
    return [
        Contender(
            result=result,
            rmse=own,
            behind=None if at == winner else corrected_difference(own - rmse[winner], ratio, confidence),
        )
        for at, (result, own) in enumerate(zip(results, rmse, strict=True))
    ]


def certainty(found: Sequence[Contender]) -> str:
    """What the differences between the folds say of the winner's lead, in a sentence; empty if it is alone."""
    others = [contender for contender in found if contender.behind is not None]
    clear = [contender.result.name for contender in others if contender.surely_behind]
    close = [contender.result.name for contender in others if not contender.surely_behind]
    parts = []
    if clear:
        parts.append(f"it is better than {_listed(clear)} beyond chance")
    if close:
        parts.append(f"these houses cannot tell it from {_listed(close)}")
    return f"Compared fold by fold, {'; '.join(parts)}." if parts else ""


def _truth(table: pd.DataFrame) -> Matrix:
    # house_id, the price, then the predictions.
    target = str(table.columns[1])
    return prices(table[[HOUSE_ID, target]])


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
