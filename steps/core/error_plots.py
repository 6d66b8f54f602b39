"""The trend of a figure of quality by day, as SVG."""

from collections.abc import Sequence

import numpy as np

from steps.core.drift_plots import BASE, BLUE, GREY, WIDTH, axis, places, svg

TOP = 20  # room for the range


def days_plot(name: str, days: Sequence[str], values: Sequence[float | None], promised: float | None) -> str:
    """A dot for each day that has a value, and a dashed line at what was promised."""
    known = np.array([np.nan if value is None else value for value in values], dtype=float)
    ends = [*known[np.isfinite(known)].tolist(), *([] if promised is None else [promised])]
    if not ends:
        return svg("<text x=8 y=50>not known</text>", f"{name}: not known")
    low, high = min(ends), max(ends)
    margin = 0.1 * (high - low) or 0.5

    def y(value: float) -> float:
        return round(float(BASE - (value - low + margin) / (high - low + 2 * margin) * (BASE - TOP)), 1)

    dots = [(at, y(value)) for at, value in zip(places(len(known)), known.tolist(), strict=True) if np.isfinite(value)]
    line = " ".join(f"{across},{up}" for across, up in dots)
    drawn = f'<polyline points="{line}" fill=none stroke="{BLUE}" stroke-width=2 />'
    drawn += "".join(f'<circle cx={across} cy={up} r=2.5 fill="{BLUE}" />' for across, up in dots)
    if promised is not None:
        drawn += f'<path d="M0 {y(promised)} H{WIDTH}" stroke="{GREY}" stroke-dasharray="4 3" />'
    labels = f"<text x={WIDTH} y=12 text-anchor=end>{low:.3g} to {high:.3g}</text>"
    return svg(drawn + labels + axis(days[0][5:], days[-1][5:]), f"{name} by day, {low:.3g} to {high:.3g}")
