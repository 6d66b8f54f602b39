"""Which experiment wins."""

from collections.abc import Sequence

from steps.core.experiments import ExperimentResult


def choose(results: Sequence[ExperimentResult]) -> int:
    """The position of the champion: the smallest cross-validated RMSE; of equal ones the one with fewer features.

    The test rows have no say: they are for the gate.
    """
    return min(range(len(results)), key=lambda i: (results[i].metrics["cv_rmse"], len(results[i].features), i))


def reason(results: Sequence[ExperimentResult], champion: int) -> str:
    """Why it won, in a sentence, with the distance to the next one."""
    won = results[champion]
    others = [result for i, result in enumerate(results) if i != champion]
    if not others:
        return f"{won.name} is the only experiment."
    second = min(others, key=lambda result: result.metrics["cv_rmse"])
    ahead = second.metrics["cv_rmse"] - won.metrics["cv_rmse"]
    return (
        f"{won.name} has the smallest cross-validated RMSE, {won.metrics['cv_rmse']:.3f}: "
        f"{ahead:.3f} below {second.name}. The test rows had no say."
    )
