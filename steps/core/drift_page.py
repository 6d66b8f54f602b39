"""The drift report: the verdict in plain words, its root cause, and every column beside the training rows."""

import html
from collections.abc import Mapping

import pandas as pd

from steps.core.cause_section import cause_section
from steps.core.drift_plots import distribution, trend
from steps.core.drift_verdict import DRIFTED, STABLE, ColumnDrift, DriftVerdict
from steps.core.page import Reading, page, table
from steps.core.sketches import EMPTY, Sketch

READING = Reading(
    what="What the service was asked in this window beside the rows that its model was trained on, column by column.",
    good="Stable: what differs is what chance alone would let differ.",
    act="Drifted: begin with the feature that moves the price most. Is it the world, or a fault of the source (units, "
    "sentinels, one client)? Retrain for the first, mend the second (docs/monitoring.md).",
)
TITLES = {DRIFTED: "The traffic has drifted", STABLE: "The traffic is like the training data"}


def drift_page(
    verdict: DriftVerdict,
    reference: Mapping[str, Sketch],
    current: Mapping[str, Sketch],
    hourly: pd.DataFrame,
    unit: str,
) -> str:
    """HTML with everything inside it.

    Args:
        reference, current: the columns of the training rows and of the window.
        hourly: `mean` by `hour` and `column`, the oldest hour first.
        unit: of the price.
    """
    columns = sorted(verdict.columns, key=lambda one: (not one.drifted, one.role != "prediction", -(one.ks)))
    cards = "".join(
        _card(one, reference[one.name], current.get(one.name, EMPTY), hourly[hourly["column"] == one.name])
        for one in columns
    )
    cause = "" if verdict.root_cause is None else cause_section(verdict, verdict.root_cause, unit)
    body = (
        f"{cause}"
        "<h2>Every column</h2><p class=key>Grey: the training rows. Line: this window; red where it has drifted. "
        "Below: the mean of each hour, on the training rows' mean and one standard deviation.</p>"
        f"<div class=cards>{cards}</div>{_table(columns)}"
    )
    return page(_title(verdict), READING, body, _banner(verdict, unit))


def _title(verdict: DriftVerdict) -> str:
    return TITLES.get(verdict.status, "Not enough data for a verdict")


def _banner(verdict: DriftVerdict, unit: str) -> str:
    seen = verdict.window
    kind = {DRIFTED: "drifted", STABLE: "stable"}.get(verdict.status, "unknown")
    hours = "1 hour" if seen.hours == 1 else f"{seen.hours} hours"
    span = f"{seen.start[:16].replace('T', ' ')} to {seen.end[:16].replace('T', ' ')} UTC, {hours} with traffic"
    return (
        f"<div class='banner {kind}'><h1>{_title(verdict)}</h1><p>{html.escape(_lead(verdict, unit))}</p>"
        f"<p>{html.escape(_columns(verdict))}</p><p class=key>{html.escape(seen.model)} version "
        f"{html.escape(seen.version)}; {span}; judged {verdict.judged_at[:16].replace('T', ' ')} UTC.</p></div>"
    )


def _lead(verdict: DriftVerdict, unit: str) -> str:
    """What to know before anything else."""
    if verdict.status != DRIFTED:
        return "Nothing to do." if verdict.status == STABLE else "Nothing to do yet."
    if not verdict.drifted:
        return "The prices have drifted and no feature has: look at the model that serves before you look at the data."
    cause = verdict.root_cause
    if cause is None:
        return f"Drifted: {', '.join(verdict.drifted)}."
    first = cause.effects[0]
    effect = "" if first.price_effect is None else f": it moves the mean price by {first.price_effect:+.2f}, in {unit}"
    return f"Look at {first.feature} first{effect}."


def _columns(verdict: DriftVerdict) -> str:
    """The columns that have drifted; why stands with each."""
    if verdict.status != DRIFTED:
        return verdict.reason
    drifted = [one.name for one in verdict.columns if one.drifted]
    return (
        f"{len(drifted)} of {len(verdict.columns)} columns are unlike the training rows: {', '.join(drifted)}. "
        f"{verdict.window.rows:,} rows were judged, {verdict.window.distinct:,} of them different."
    )


def _card(one: ColumnDrift, reference: Sketch, current: Sketch, hours: pd.DataFrame) -> str:
    title = one.name + (" (predicted price)" if one.role == "prediction" else "")
    why = f"<p class=why>{html.escape('; '.join(one.reasons))}</p>" if one.drifted else ""
    means = f"mean {_number(one.mean)} (training {_number(one.reference_mean)})"
    figures = f"{means}, score {_number(one.score)}, KS {one.ks:.2f}"
    drawn = distribution(one.name, reference, current, one.drifted)
    drawn += trend(one.name, hours["hour"].tolist(), hours["mean"].tolist(), reference, one.drifted)
    kind = "card bad" if one.drifted else "card"
    return f"<div class='{kind}'><h3>{html.escape(title)}</h3>{why}<p>{figures}</p>{drawn}</div>"


def _table(columns: list[ColumnDrift]) -> str:
    heads = (
        "column",
        "rows",
        "missing",
        "mean",
        "training",
        "score",
        "KS",
        "PSI",
        "Hellinger",
        "outside 1 to 99 %",
        "p",
    )
    lines = [
        (
            one.name,
            f"{one.rows:,}",
            f"{one.missing_share:.1%}",
            _number(one.mean),
            _number(one.reference_mean),
            _number(one.score),
            f"{one.ks:.2f}",
            f"{one.psi:.2f}",
            f"{one.hellinger:.2f}",
            f"{one.outside:.1%}",
            f"{min(one.p_mean, one.p_ks, one.p_missing):.1e}",
        )
        for one in columns
    ]
    return (
        f"<h2>Figures</h2>{table(heads, lines)}<p class=key>p: the smallest of the three tests, before correction.</p>"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
