"""The choice of the most important features as a page: how sure it is, and what is other than expected."""

import html
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from steps.core.importance import FEATURE, MEAN_ABS_SHAP
from steps.core.page import ACCENT, DOWN, Reading, headers, page
from steps.core.plots import blank, embedded
from steps.core.stability import BORDERLINE, CHOSEN, FREQUENCY, RANK_HIGH, RANK_LOW, FeatureSelection, borderline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SURE, UNSURE, OUT = ACCENT, DOWN, "0.75"
CAPTION = "how often the resamples choose each feature, and its rank in them; orange: borderline; grey: not chosen"
HEADS = ("feature", "place", "mean |SHAP|", "chosen in", "rank", "note")
READING = Reading(
    what="Which features the experiment on the most important ones takes, and whether other houses of the same kind "
    "would have led to the same choice.",
    good="Every chosen feature is chosen again in nearly every resample; none is borderline.",
    act="A borderline feature tells nothing by being in or out: do not explain it, and prefer the experiment that "
    "keeps all features unless the comparison says otherwise.",
)


def differences(ranking: pd.DataFrame, settings: FeatureSelection) -> list[str]:
    """A sentence for each feature that came or left against the expected ones, with what explains it.

    Args:
        ranking: of `stability` for the settings' `top`.
    """
    chosen = set(ranking[FEATURE][ranking[CHOSEN]])
    if not settings.expected:
        return []
    changed = chosen ^ set(settings.expected)
    return [_difference(ranking, at, settings) for at in range(len(ranking)) if ranking[FEATURE][at] in changed]


def summary(ranking: pd.DataFrame, settings: FeatureSelection) -> list[str]:
    """The choice in plain sentences."""
    unsure = borderline(ranking)
    sure = int((ranking[CHOSEN] & ~ranking[BORDERLINE]).sum())
    lines = [
        f"{sure} of the {settings.top} are chosen again in at least {settings.borderline[1]:.0%} of "
        f"{settings.resamples} bootstrap resamples of the training houses."
    ]
    if unsure:
        named = ", ".join(f"{name} ({share:.0%})" for name, share in unsure.items())
        lines.append(f"Borderline, chosen in some resamples and not in others: {named}.")
    if settings.expected:
        changed = differences(ranking, settings)
        lines += changed or [f"The {settings.top} are the expected ones."]
    return lines


def selection_page(ranking: pd.DataFrame, settings: FeatureSelection, unit: str) -> str:
    """The sentences, the frequencies and ranks as a figure and as a table, with everything inside it.

    Args:
        unit: of the price, and of its SHAP values.
    """
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in summary(ranking, settings))
    head = headers(HEADS)
    rows = "".join(_row(at + 1, row) for at, row in enumerate(ranking.to_dict("records")))
    title = f"The {settings.top} most important features, and how sure they are"
    body = (
        f"{lines}"
        f"{embedded(CAPTION, frequency_figure(ranking, settings))}"
        f"<table><tr>{head}</tr>{rows}</table>"
        f"<p>Rank: by mean |SHAP value| ({html.escape(unit)}) in a model with XGBoost's default parameters. "
        "Each resample draws as many training houses with replacement, fits the model anew and ranks the features by "
        "its SHAP values of all training houses. The interval of the rank holds "
        f"{settings.confidence:.0%} of the resamples. Borderline: in the choice with less than "
        f"{settings.borderline[1]:.0%} of the resamples, or out of it with more than "
        f"{settings.borderline[0]:.0%} (stability selection, Meinshausen and Bühlmann 2010, who ask for 60% to 90%)."
        "</p>"
    )
    return page(title, READING, body)


def frequency_figure(ranking: pd.DataFrame, settings: FeatureSelection) -> "Figure":
    """How often each feature is chosen, and its rank with the interval; borderline features in another colour."""
    figure, (shares, ranks) = blank("share of the resamples", "", size=(10.0, 0.34 * len(ranking) + 1.2), columns=2)
    names, places = ranking[FEATURE], np.arange(1, len(ranking) + 1)
    colours = [UNSURE if edge else SURE if inside else OUT for inside, edge in zip(*_flags(ranking), strict=True)]
    shares.barh(names, ranking[FREQUENCY], color=colours)
    for share in settings.borderline:
        shares.axvline(share, color="0.4", linewidth=1, linestyle=":")
    shares.set(xlim=(0, 1))
    shares.xaxis.set_major_formatter("{x:.0%}")
    shares.invert_yaxis()
    ranks.hlines(names, ranking[RANK_LOW], ranking[RANK_HIGH], color=colours, linewidth=5, alpha=0.5)
    ranks.scatter(places, names, color=colours, zorder=3)
    ranks.axvline(settings.top + 0.5, color="0.4", linewidth=1, linestyle=":")
    ranks.set(xlabel="rank (dot: of all training houses)", xticks=places)
    return figure


def _flags(ranking: pd.DataFrame) -> tuple[list[bool], list[bool]]:
    return ranking[CHOSEN].tolist(), ranking[BORDERLINE].tolist()


def _row(place: int, row: dict[Any, Any]) -> str:
    note = ", ".join(["borderline"] * row[BORDERLINE] + ["not chosen"] * (not row[CHOSEN]))
    cells = (
        html.escape(row[FEATURE]),
        str(place),
        f"{row[MEAN_ABS_SHAP]:.3f}",
        f"{row[FREQUENCY]:.0%}",
        f"{row[RANK_LOW]} to {row[RANK_HIGH]}",
        note,
    )
    kind = " class=borderline" if row[BORDERLINE] else "" if row[CHOSEN] else " class=out"
    return f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _difference(ranking: pd.DataFrame, at: int, settings: FeatureSelection) -> str:
    """Why the feature at this place is in the choice unexpectedly, or out of it."""
    row = ranking.iloc[at]
    came = bool(row[CHOSEN])
    rival = ranking.iloc[min(settings.top if came else settings.top - 1, len(ranking) - 1)]
    apart = abs(row[MEAN_ABS_SHAP] - rival[MEAN_ABS_SHAP])
    beside = f"{apart:.3f} {'above the first that is left out' if came else 'below the last that is chosen'}"
    why = (
        "other houses of the same kind would have chosen otherwise, so that the difference may be chance"
        if row[BORDERLINE]
        else "the resamples agree, so that it is no chance: the data or XGBoost's trees are others than expected"
    )
    return (
        f"{row[FEATURE]} {'was not expected and came' if came else 'was expected and left'}: rank {at + 1} "
        f"({row[RANK_LOW]} to {row[RANK_HIGH]} in the resamples), chosen in {row[FREQUENCY]:.0%} of them, mean |SHAP| "
        f"{row[MEAN_ABS_SHAP]:.3f}, {beside} ({rival[FEATURE]}): {why}."
    )
