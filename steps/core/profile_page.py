"""A whylogs profile as a page: what was seen of each column."""

from collections.abc import Mapping

import numpy as np

from steps.core.page import Reading, page, table
from steps.core.sketches import Sketch

READING = Reading(
    what="What whylogs kept of the rows that the service was asked about: figures and sketches, no row itself.",
    good="Ranges and means that are possible for houses; few values missing.",
    act="The drift report compares them with the training rows, column by column.",
)
HEADS = ("column", "rows", "missing", "different values", "mean", "sd", "1 %", "median", "99 %")
SHARES = np.array([0.01, 0.5, 0.99])


def profile_page(columns: Mapping[str, Sketch]) -> str:
    """A line for each column; a sentence where nothing was served."""
    lines = [
        (
            *(name, f"{one.rows:,}", f"{one.missing_share:.1%}", f"{one.distinct:,.0f}"),
            *(_number(figure) for figure in (one.mean, one.sd)),
            *([_number(value) for value in one.quantiles(SHARES)] or [""] * len(SHARES)),
        )
        for name, one in columns.items()
    ]
    note = "<p class=note>Different values and quantiles are estimates of the sketches, within some per cent.</p>"
    body = table(HEADS, lines) + note if lines else "<p>Nothing was served in this window.</p>"
    return page("Profile of the traffic", READING, body)


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:,.4g}"
