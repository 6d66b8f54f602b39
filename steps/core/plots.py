"""What a model looks like: figures, and a page of them."""

import base64
import html
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from steps.core.columns import Matrix
from steps.core.importance import ShapValues
from steps.core.page import ACCENT, BAD, CYCLE, Reading, page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (6.0, 4.5)


def predicted_versus_true(rows: Mapping[str, tuple[Matrix, Any]], unit: str) -> "Figure":
    """Predictions over true prices, with the line on which they would all lie.

    Args:
        rows: true prices and predictions, by the name of the set.
        unit: of the prices.
    """
    figure, axes = blank(f"true price, {unit}", f"predicted price, {unit}")
    for name, (truth, predicted) in rows.items():
        axes.scatter(truth, predicted, s=14, alpha=0.6, label=name)
    ends = [min(min(truth) for truth, _ in rows.values()), max(max(truth) for truth, _ in rows.values())]
    axes.plot(ends, ends, color="0.4", linewidth=1)
    axes.legend()
    return figure


def residuals(rows: Mapping[str, tuple[Matrix, Any]], unit: str) -> "Figure":
    """What is left of the true price after the prediction, over the prediction."""
    figure, axes = blank(f"predicted price, {unit}", f"true minus predicted, {unit}")
    for name, (truth, predicted) in rows.items():
        axes.scatter(predicted, truth - predicted, s=14, alpha=0.6, label=name)
    axes.axhline(0, color="0.4", linewidth=1)
    axes.legend()
    return figure


def interval_band(truth: Matrix, predicted: Any, ends: tuple[Matrix, Matrix], unit: str) -> "Figure":
    """True prices over predicted ones, and the intervals as a band.

    Args:
        ends: lower and upper ends of the intervals of the rows.
        unit: of the prices.
    """
    figure, axes = blank(f"predicted price, {unit}", f"true price, {unit}")
    order = predicted.argsort()
    axes.fill_between(predicted[order], ends[0][order], ends[1][order], alpha=0.25, linewidth=0, label="interval")
    held = (ends[0] <= truth) & (truth <= ends[1])
    axes.scatter(predicted[held], truth[held], s=14, alpha=0.6, label="held")
    axes.scatter(predicted[~held], truth[~held], s=18, marker="x", color=BAD, label="missed")
    axes.legend()
    return figure


def search_scores(mean: Matrix, spread: Matrix, unit: str) -> "Figure":
    """The error of each candidate of a search with its spread between folds, and the best one so far.

    Args:
        mean, spread: (n_candidates,) in the order that they were tried.
        unit: of the error.
    """
    figure, axes = blank("candidate", f"RMSE in the search's folds, {unit}")
    tried, best = np.arange(1, len(mean) + 1), int(mean.argmin())
    axes.errorbar(tried, mean, yerr=spread, fmt="o", markersize=4, elinewidth=1, alpha=0.5, label="mean ± sd of folds")
    axes.step(tried, np.minimum.accumulate(mean), where="post", color="0.3", linewidth=1, label="best so far")
    axes.scatter(tried[best], mean[best], color=BAD, zorder=3, label=f"chosen, {mean[best]:.3f}")
    axes.legend()
    return figure


def shap_summary(shap_values: ShapValues, raw: pd.DataFrame, unit: str) -> "Figure":
    """SHAP's summary: each dot a house, its place what the feature adds to the price, its colour the feature's value.

    Args:
        raw: the features in their own units, in the order of the values.
        unit: of the price.
    """
    shap = _shap()
    figure, axes = blank("", "")
    explanation = shap.Explanation(
        shap_values.values, base_values=shap_values.base, data=raw.to_numpy(), feature_names=list(raw.columns)
    )
    shap.plots.beeswarm(explanation, ax=axes, show=False, plot_size=None, max_display=raw.shape[1])
    axes.set_xlabel(f"SHAP value, {unit}")
    return figure


def shap_bar(ranking: pd.DataFrame, unit: str) -> "Figure":
    """Mean absolute SHAP value by feature, the largest on top."""
    figure, axes = blank(f"mean |SHAP value|, {unit}", "")
    ascending = ranking.iloc[::-1]
    axes.barh(ascending.iloc[:, 0], ascending.iloc[:, 1], color=ACCENT)
    return figure


def figures_page(title: str, reading: Reading, figures: Mapping[str, "Figure"]) -> str:
    """HTML that holds the figures in itself."""
    return page(title, reading, "".join(embedded(name, figure) for name, figure in figures.items()))


def embedded(name: str, figure: "Figure") -> str:
    """HTML of one figure, with its pixels inside."""
    name = html.escape(name)
    return (
        f'<figure><figcaption>{name}</figcaption><img alt="{name}" src="data:image/png;base64,{_png(figure)}"></figure>'
    )


def blank(x: str, y: str, size: tuple[float, float] = SIZE, columns: int = 1) -> "tuple[Figure, Any]":
    """A figure, and its axes with these labels; of several columns the array of them, which share the y axis.

    It is a Figure of its own, not pyplot's: nothing is kept open, and no display is needed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(ncols=columns, sharey=True)
    for one in figure.axes:
        one.set_prop_cycle(color=CYCLE)
        one.spines[["top", "right"]].set_visible(False)
        for label in (one.xaxis.label, one.yaxis.label):
            label.set_parse_math(False)  # a unit may have dollars, between which Matplotlib would look for a formula
    first = axes if columns == 1 else axes[0]
    first.set(xlabel=x, ylabel=y)
    return figure, axes


def _png(figure: "Figure") -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()


def _shap() -> Any:
    import warnings

    import matplotlib

    matplotlib.use("Agg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its imports say of themselves
        import shap
    return shap
