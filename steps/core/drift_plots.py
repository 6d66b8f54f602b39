"""Distributions and trends of the drift report as SVG, which stays sharp and needs nothing beside it."""

import html
from collections.abc import Sequence

import numpy as np

from steps.core.columns import Matrix
from steps.core.sketches import Sketch

WIDTH, HEIGHT, BASE = 300, 110, 92
BINS = 24
# Of the page's theme (steps.core.page).
GREY, BLUE, RED = "var(--edge)", "var(--accent)", "var(--bad)"


def distribution(name: str, reference: Sketch, current: Sketch, drifted: bool) -> str:
    """The training rows as a grey area, the window as a line; both as shares of their values."""
    ends = [sketch.quantiles(np.array([0.0, 1.0])) for sketch in (reference, current) if sketch.values]
    if not ends:
        return svg("<text x=8 y=50>no values</text>", f"{name}: no values")
    low, high = min(pair[0] for pair in ends), max(pair[1] for pair in ends)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    edges[-1] = np.nextafter(high, np.inf)
    shares = [np.diff(sketch.below(edges)) for sketch in (reference, current)]
    top = max(share.max() for share in shares) or 1.0
    area, line = (_steps(share / top) for share in shares)
    colour = RED if drifted else BLUE
    drawn = f'<path d="{area} V{BASE} H0 Z" fill="{GREY}" opacity=.55 />'
    if current.values:
        drawn += f'<path d="{line}" fill=none stroke="{colour}" stroke-width=2 />'
    return svg(drawn + axis(f"{low:.4g}", f"{high:.4g}"), f"{name}: distribution, {low:.4g} to {high:.4g}")


def trend(name: str, hours: Sequence[str], means: Sequence[float], reference: Sketch, drifted: bool) -> str:
    """The mean of each hour, on the band of the training rows' mean and one standard deviation."""
    known = np.array(means, dtype=float)
    seen = known[np.isfinite(known)]
    spread = reference.sd if np.isfinite(reference.sd) else 0.0
    centre = reference.mean if np.isfinite(reference.mean) else 0.0
    low = min([centre - 1.5 * spread, *seen]) - 1e-9
    high = max([centre + 1.5 * spread, *seen]) + 1e-9
    x = places(len(known))

    def y(value: float) -> float:
        return round(float(BASE - (value - low) / (high - low) * (BASE - 6)), 1)

    band = y(centre + spread), y(centre - spread)
    colour = RED if drifted else BLUE
    dots = [(at, y(value)) for at, value in zip(x, known, strict=True) if np.isfinite(value)]
    drawn = f'<rect x=0 y={band[0]} width={WIDTH} height={round(band[1] - band[0], 1)} fill="{GREY}" opacity=.25 />'
    drawn += f'<path d="M0 {y(centre)} H{WIDTH}" stroke="{GREY}" stroke-dasharray="4 3" />'
    drawn += f'<polyline points="{" ".join(f"{a},{b}" for a, b in dots)}" fill=none stroke="{colour}" stroke-width=2 />'
    drawn += "".join(f'<circle cx={a} cy={b} r=2.5 fill="{colour}" />' for a, b in dots)
    labels = [f"{hour[5:10]} {hour[11:13]} h" for hour in (hours[0], hours[-1])] if hours else ["no traffic", ""]
    return svg(drawn + axis(*labels), f"{name}: mean of each hour")


def places(count: int) -> list[float]:
    """Where so many dots stand, from left to right."""
    return [WIDTH / 2] if count == 1 else np.linspace(6, WIDTH - 6, count).round(1).tolist()


def _steps(shares: Matrix) -> str:
    """A path along the tops of the bins, from the base line."""
    width = WIDTH / len(shares)
    heights = BASE - shares * (BASE - 6)
    return f"M0 {BASE} " + " ".join(f"V{top:.1f} H{(at + 1) * width:.1f}" for at, top in enumerate(heights))


def axis(left: str, right: str) -> str:
    """The line below a plot, with what stands at its ends."""
    line = f'<path d="M0 {BASE} H{WIDTH}" stroke="var(--line)" />'
    return f"{line}<text x=0 y={HEIGHT - 4}>{left}</text><text x={WIDTH} y={HEIGHT - 4} text-anchor=end>{right}</text>"


def svg(content: str, told: str) -> str:
    """The drawing.

    Args:
        told: what it shows, for those who do not see it.
    """
    return (
        f'<svg viewBox="-2 0 {WIDTH + 4} {HEIGHT}" width={WIDTH + 4} height={HEIGHT} role=img '
        f'aria-label="{html.escape(told)}">{content}</svg>'
    )
