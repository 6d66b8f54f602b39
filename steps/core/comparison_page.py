"""The experiments side by side, as a page."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from steps.core.contenders import Contender, certainty
from steps.core.difference_cells import difference_cells
from steps.core.estimators import SEGMENT
from steps.core.experiments import ExperimentResult
from steps.core.page import ACCENT, UP, Reading, headers, page
from steps.core.plots import blank, embedded
from steps.core.quality import Difference
from steps.core.regressors import SEEDS
from steps.core.selection import reason

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINNER, OTHER = UP, ACCENT
CAPTION = "left: RMSE of each fold, mean and standard deviation; right: mean difference to the winner and its interval"
READING = Reading(
    what="The experiments of this run side by side. All are judged in the same folds of the training rows, so that "
    "their differences are not luck of the split.",
    good="The winner's interval to the others lies above 0: it is better beyond chance.",
    act="An interval that holds 0 says that the two cannot be told apart: the one with fewer features is as good a "
    "choice.",
)
HEADS = ("experiment", "features", "RMSE", "± between folds", "behind the winner", "interval", "p")
SHORT_ID = 8  # characters of a run's id, enough to find it by
# Figures that had no say, with their titles.
UNUSED = {
    "search_rmse": "search's best",
    "train_rmse": "RMSE, training",
    "test_rmse": "RMSE, test",
    "test_r2": "R², test",
    "test_mae": "MAE, test",
}


def comparison(found: Sequence[Contender], winner: int, confidence: float) -> str:
    """The page: why the winner won, the errors by fold, all figures, and what the models are made of.

    Args:
        confidence: of the intervals of the differences.
    """
    results = [contender.result for contender in found]
    folds, unit = len(found[winner].rmse), results[winner].unit
    body = (
        f"<p>{html.escape(reason(results, winner))} {html.escape(certainty(found))}</p>"
        f"{embedded(CAPTION, folds_figure(found))}"
        f"{_figures(found)}"
        f"<p class=note>Errors in {html.escape(unit)}. RMSE: mean over {folds} folds of the training rows, the same "
        f"for all. Behind the winner: the mean of the paired differences by fold, with its {confidence:.0%} interval "
        "and the two-sided p of no difference by the corrected resampled t-test (Nadeau and Bengio 2003). The winner "
        "is the best of several on these folds, which flatters its lead a little.</p>"
        f"<h2>Not used for choosing</h2>{_unused(found)}"
        "<p class=note>A search's best was chosen for being so, the training rows are known to the model, and the "
        "test rows are kept for the gate.</p>"
        f"<h2>What they are made of</h2>{_makings(found)}"
    )
    return page("Comparison of the experiments", READING, body)


def folds_figure(found: Sequence[Contender]) -> "Figure":
    """Each experiment's RMSE by fold, and its mean difference to the winner with the interval."""
    size, unit = (11.0, 0.6 * len(found) + 1.4), found[0].result.unit
    figure, (errors, behind) = blank(f"RMSE, {unit}", "", size=size, columns=2)
    for at, contender in enumerate(found):
        colour = WINNER if contender.behind is None else OTHER
        spread = np.linspace(-0.22, 0.22, len(contender.rmse))  # the folds in their order, from above to below
        errors.scatter(contender.rmse, at + spread, s=10, alpha=0.35, color=colour, linewidths=0)
        errors.errorbar(
            contender.rmse.mean(), at, xerr=contender.rmse.std(ddof=1), fmt="D", color=colour, capsize=4, markersize=6
        )
        if contender.behind is not None:
            ends = [[contender.behind.mean - contender.behind.low], [contender.behind.high - contender.behind.mean]]
            behind.errorbar(contender.behind.mean, at, xerr=ends, fmt="o", color=colour, capsize=4)
        else:
            behind.text(0, at, "  the winner", color=colour, va="center")
    behind.axvline(0, color=WINNER, linewidth=1)
    behind.set(xlabel=f"RMSE above the winner's in the same folds, {unit}")
    errors.set_yticks(range(len(found)), [contender.result.name for contender in found])
    errors.set_ylim(len(found) - 0.5, -0.5)
    return figure


def _figures(found: Sequence[Contender]) -> str:
    """What the choice is made of."""
    rows = []
    for contender in found:
        figures = (f"{contender.rmse.mean():.3f}", f"{contender.rmse.std(ddof=1):.3f}", *_behind(contender.behind))
        rows.append(_row(contender, str(len(contender.result.features)), *figures))
    return f"<table><tr>{headers(HEADS)}</tr>{''.join(rows)}</table>"


def _unused(found: Sequence[Contender]) -> str:
    """What had no say in it."""
    rows = []
    for contender in found:
        metrics, seconds = contender.result.metrics, contender.result.seconds["total"]
        figures = (f"{metrics[name]:.3f}" if name in metrics else "none" for name in UNUSED)
        rows.append(_row(contender, *figures, f"{seconds:.1f}"))
    return f"<table><tr>{headers(['experiment', *UNUSED.values(), 'seconds'])}</tr>{''.join(rows)}</table>"


def _row(contender: Contender, *figures: str) -> str:
    cells = f"<td>{html.escape(contender.result.name)}</td>{''.join(map(_cell, figures))}"
    return f"<tr{'' if contender.behind else ' class=champion'}>{cells}</tr>"


def _behind(found: Difference | None) -> tuple[str, str, str]:
    if found is None:
        return "the winner", "", ""
    return difference_cells(found.mean, found.low, found.high, found.p_value)


def _makings(found: Sequence[Contender]) -> str:
    """A column an experiment: which features it leaves out, its parameters, its run in MLflow."""
    results = [contender.result for contender in found]
    known = list(dict.fromkeys(name for result in results for name in result.features))
    names = list(dict.fromkeys(name for result in results for name in result.parameters))
    lines = {"features left out": [", ".join(n for n in known if n not in r.features) or "none" for r in results]}
    lines |= {name: [_parameter(result, name) for result in results] for name in names}
    lines |= {"MLflow run": [result.mlflow_run_id[:SHORT_ID] for result in results]}
    heads = headers(["", *(result.name for result in results)]).replace("_", "_<wbr>")  # or the table is too wide
    rows = "".join(
        f"<tr><td>{html.escape(title)}</td>{''.join(map(_cell, texts))}</tr>" for title, texts in lines.items()
    )
    return f"<table><tr>{heads}</tr>{rows}</table>"


def _cell(text: str) -> str:
    faint = " class=quiet" if text in ("default", "none") else ""
    return f"<td{faint}>{html.escape(text)}</td>"


def _parameter(result: ExperimentResult, name: str) -> str:
    if name not in result.parameters:
        return "none" if name == SEEDS or name.startswith(SEGMENT) else "default"
    value = result.parameters[name]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
