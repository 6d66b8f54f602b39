"""The part of the drift report that tells where a drift comes from and whom it concerns."""

import html

from steps.core.drift_verdict import DriftVerdict, RootCause
from steps.core.page import table


def cause_section(verdict: DriftVerdict, cause: RootCause, unit: str) -> str:
    """HTML of it.

    Args:
        unit: of the price.
    """
    parts = [_effects("Root cause" if verdict.drifted else "What the features do to the price", cause, unit)]
    if verdict.drifted:
        concerned = {"feature services": cause.feature_services, "model versions": cause.model_versions}
        lines = [(name, ", ".join(found) or "none") for name, found in concerned.items()]
        parts.append(f"<h2>Whom it concerns</h2>{table(('', ''), lines, 'words')}")
    if cause.callers:
        parts.append(_callers(cause))
    if cause.segments:
        parts.append(_segments(cause))
    return "".join(parts)


def _effects(title: str, cause: RootCause, unit: str) -> str:
    heads = ("feature", "drifted", "share of the model", "drift x share", f"effect on the mean price, {unit}")
    lines = [
        (
            one.feature,
            "yes" if one.drifted else "no",
            f"{one.shap_share:.1%}",
            f"{one.weighted:.3f}",
            "not known" if one.price_effect is None else f"{one.price_effect:+.2f}",
        )
        for one in cause.effects
    ]
    change = "" if cause.price_change is None else f" Together: {cause.price_change:+.2f}, in {html.escape(unit)}."
    return (
        f"<h2>{title}</h2><p class=key>From {cause.sampled_rows:,} rows of the window on this machine. The effect "
        f"is the mean SHAP value less that of the training rows.{change}</p>{table(heads, lines)}"
    )


def _callers(cause: RootCause) -> str:
    heads = ("client", "tenant", "rows", f"{cause.effects[0].feature} outside the training rows' 1 to 99 %, or missing")
    lines = [
        (one.client or "no name", one.tenant or "none", f"{one.rows:,}", f"{one.outside:.0%}") for one in cause.callers
    ]
    return f"<h2>Who asked</h2>{table(heads, lines)}"


def _segments(cause: RootCause) -> str:
    heads = ("houses with", "of the window", "of the training rows")
    lines = [
        (f"{one.feature} = {one.value:g}", f"{one.share:.1%}", f"{one.reference_share:.1%}") for one in cause.segments
    ]
    return f"<h2>Which houses</h2>{table(heads, lines)}"
