"""A page that tells how many true prices the intervals hold, and where they do not."""

import html
from typing import TYPE_CHECKING

from steps.core.intervals import TIERS, FittedIntervals
from steps.core.page import Reading, headers, page
from steps.core.plots import embedded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SETS = {"oof": "training rows, out of fold", "test": "test rows"}
READING = Reading(
    what="How many true prices lie inside the interval that the model gives with its price, for all homes and by tier.",
    good="Coverage near what was wanted in every line, with widths that a buyer can use. A tier of 30 homes misses or "
    "meets it by 10 points through chance alone.",
    act="Coverage far below in one tier: give its prices with that caution, and add houses like them. Widths that are "
    "too large are mended by a better model, not by a smaller promise.",
)


def coverage_page(fitted: FittedIntervals, figure: "Figure", unit: str) -> str:
    """Coverage and mean width by tier, and the plot, with everything inside it.

    Args:
        unit: of the prices.
    """
    head = headers(["homes", *(head for name in SETS.values() for head in (f"{name}: coverage", "mean width"))])
    rows = "".join(_row(label, suffix, fitted.metrics) for label, suffix in _lines(fitted))
    body = (
        f"<p>Wanted: {fitted.coverage:.0%} of the true prices. Found from {fitted.residuals} out-of-fold residuals of "
        f"{fitted.houses} houses. Prices and widths in {html.escape(unit)}.</p>"
        f"<table><tr>{head}</tr>{rows}</table>"
        "<p>Out of fold, the coverage of all homes is what was asked for by construction; the tiers and the test rows "
        "tell more. Homes at the contract's highest price are capped there in the data, whatever they were worth: the "
        "model prices some of them far too low, and their intervals hold the cap less often than was asked for.</p>"
        f"{embedded('intervals, training rows, out of fold', figure)}"
    )
    return page("Prediction intervals: do they hold what they promise?", READING, body)


def _lines(fitted: FittedIntervals) -> list[tuple[str, str]]:
    ends = ["", *(f"{edge:.1f}" for edge in fitted.tier_edges), ""]
    tiers = [(f"predicted {_span(ends[at], ends[at + 1])}", f"_tier_{at + 1}") for at in range(TIERS)]
    counts = " and ".join(f"{fitted.metrics[f'{name}_capped_homes']:.0f}" for name in SETS)
    return [("all", ""), *tiers, (f"capped at {fitted.maximum:g} ({counts})", "_capped")]


def _span(low: str, high: str) -> str:
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"below {high}"


def _row(label: str, suffix: str, metrics: dict[str, float]) -> str:
    cells = [label]
    for name in SETS:
        coverage, width = (metrics.get(f"{name}_{what}{suffix}") for what in ("coverage", "interval_width"))
        cells += ["" if coverage is None else f"{coverage:.1%}", "" if width is None else f"{width:.2f}"]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
