"""The page about the error against true prices: the verdict in plain words, its trend, and every version's figures."""

import html

from serving.records.live_error import PROMISED, WORSE
from steps.core.error_plots import days_plot
from steps.core.live_error import Figure, LiveError, VersionError
from steps.core.page import Reading, page, table

KINDS = {WORSE: "drifted", PROMISED: "stable"}
TITLES = {WORSE: "The model is worse than promised", PROMISED: "The errors are as promised"}
NOT_KNOWN = "not known"
VERSION_LINES = (
    "rows",
    "of them as a shadow",
    "houses",
    "RMSE",
    "promised RMSE",
    "MAE",
    "promised MAE",
    "bias",
    "R²",
    "inside of the interval",
    "verdict",
)
READING = Reading(
    what="What the service said beside what houses sold for, as far as true prices came back.",
    good="The errors are as promised: within what training had measured on houses that it had not seen.",
    act="Worse than promised: look whether one tier, one client or one day makes it; then retrain, or roll back to the "
    "version before (docs/rollout.md). Without a verdict: send true prices by /api/v1.0/feedback.",
)


def live_error_page(found: LiveError, unit: str) -> str:
    """HTML with everything inside it.

    Args:
        unit: of the prices.
    """
    own = found.champion
    body = (
        f"{_estimate(found)}"
        f"<h2>Day by day</h2>{_days(found)}<h2>Every version</h2>{_versions(found)}{_tiers(own)}{_evidence(own)}"
        f"{_callers(found)}"
    )
    return page(_title(found), READING, body, _banner(found, unit))


def _title(found: LiveError) -> str:
    return TITLES.get(found.status, "Not enough true prices for a verdict")


def _banner(found: LiveError, unit: str) -> str:
    own, truths = found.champion, found.truths
    kind = KINDS.get(found.status, "unknown")
    delay = "" if own.delay_days is None else f" Half of them became known {own.delay_days:.1f} days after, or sooner."
    lost = (
        f" {truths.without_prediction:,} belong to no prediction that is at hand." if truths.without_prediction else ""
    )
    return (
        f"<div class='banner {kind}'><h1>{_title(found)}</h1><p>{html.escape(found.reason)}</p>"
        f"<p>{own.rows:,} predictions of {own.houses:,} houses have a true price.{delay}{lost}{_trained(own)}</p>"
        f"<p class=key>{html.escape(found.model)} version {html.escape(found.version)}; true prices that became known "
        f"from {_minute(found.start)} to {_minute(found.end)} UTC; errors in {html.escape(unit)}.</p></div>"
    )


def _trained(own: VersionError) -> str:
    if not own.trained_houses:
        return ""
    return (
        f" The model was trained on {own.trained_houses:,} of these houses: if their prices are the ones that it "
        "learned, they flatter it."
    )


def _estimate(found: LiveError) -> str:
    estimate, head = found.estimate, "<h2>Before the truth</h2><p>"
    if estimate is None:
        return (
            f"{head}No estimate: too few rows were served, or the version was registered before bundles kept the "
            "errors of single houses.</p>"
        )
    past = "There is no day yet to check it on."
    if estimate.missed_by is not None and estimate.naive_missed_by is not None:
        past = (
            f"On {estimate.days} days with true prices it missed the mean absolute error by {estimate.missed_by:.2f} "
            f"on average; the cross-validated error alone by {estimate.naive_missed_by:.2f}."
        )
    return (
        f"{head}The houses of the newest traffic let expect a mean absolute error of <b>{estimate.mae:.2f}</b> and an "
        f"RMSE of <b>{estimate.rmse:.2f}</b>, from {estimate.rows:,} served rows and the errors of training rows, of "
        f"which {estimate.effective_rows:,.0f} are as good as alike. {past}</p><p class=key>It knows how hard the "
        "houses are. That prices have changed it cannot know: only true prices show that.</p>"
    )


def _days(found: LiveError) -> str:
    if not found.by_day:
        return "<p class=key>No true price in this window.</p>"
    promise = found.champion.promise
    days = [one.day for one in found.by_day]
    mae, coverage = (None, None) if promise is None else (promise.mae, promise.coverage)
    drawn: list[tuple[str, list[float | None], float | None]] = [
        ("mean absolute error", [one.mae for one in found.by_day], mae),
        ("estimated before the truth", [one.estimated_mae for one in found.by_day], mae),
        ("true prices inside of the interval", [one.coverage for one in found.by_day], coverage),
        ("bias (predicted less true)", [one.bias for one in found.by_day], 0.0),
    ]
    cards = "".join(
        f"<div class=card><h3>{name}</h3>{days_plot(name, days, values, promised)}</div>"
        for name, values, promised in drawn
    )
    heads = ("day", "rows", "MAE", "estimated", "RMSE", "bias", "inside")
    lines = [
        (
            one.day,
            f"{one.rows:,}",
            f"{one.mae:.2f}",
            _number(one.estimated_mae),
            f"{one.rmse:.2f}",
            f"{one.bias:+.2f}",
            _share(one.coverage),
        )
        for one in found.by_day
    ]
    return (
        "<p class=key>By the day on which the price became known. Dashed: what training promised.</p>"
        f"<div class=cards>{cards}</div>{table(heads, lines)}"
    )


def _versions(found: LiveError) -> str:
    """A column a version: with their intervals the figures are too wide for a line."""
    columns = [_of_version(one, found.version) for one in found.versions]
    names, *lines = zip(*columns, strict=True)
    rows = [(title, *line) for title, line in zip(VERSION_LINES, lines, strict=True)]
    return (
        f"{table(('', *names), rows)}<p class=key>In brackets: intervals of the figure, by a bootstrap of houses, of "
        "the share inside by Clopper and Pearson. Promised: cross-validated, ± the standard deviation between "
        "folds.</p>"
    )


def _of_version(one: VersionError, champion: str) -> tuple[str, ...]:
    """Its name, and its figures in the order of VERSION_LINES."""
    name = one.version + (" (champion)" if one.version == champion else "")
    rmse = mae = NOT_KNOWN
    if one.promise is not None:
        spread = "" if one.promise.rmse_sd is None else f" ± {one.promise.rmse_sd:.2f}"
        rmse, mae = _number(one.promise.rmse, NOT_KNOWN) + spread, _number(one.promise.mae, NOT_KNOWN)
    figures = (_figure(one.rmse), rmse, _figure(one.mae), mae, _figure(one.bias), _figure(one.r2), _held(one))
    return (name, f"{one.rows:,}", f"{one.shadow_rows:,}", f"{one.houses:,}", *figures, one.status)


def _tiers(one: VersionError) -> str:
    if not one.tiers:
        return ""
    heads = ("tier of the true price", "rows", "houses", "RMSE", "out of fold", "MAE", "bias", "inside")
    lines = [
        (
            tier.name,
            f"{tier.rows:,}",
            f"{tier.houses:,}",
            f"{tier.rmse:.2f}",
            _number(tier.promised_rmse),
            f"{tier.mae:.2f}",
            f"{tier.bias:+.2f}",
            _share(tier.coverage),
        )
        for tier in one.tiers
    ]
    return f"<h2>Cheap and dear homes</h2>{table(heads, lines)}"


def _evidence(one: VersionError) -> str:
    if not one.evidence:
        return ""
    heads = ("test", "since", "mean", "allowed", "evidence", "decides at")
    lines = [
        (
            {"error": "absolute error, clipped", "coverage": "share outside of the interval"}[test.test],
            test.since,
            _number(test.mean),
            f"{test.allowed:.2f}",
            f"{test.e_value:.3g}",
            f"{test.critical:g}",
        )
        for test in one.evidence
    ]
    return f"<h2>What the verdict hangs on</h2>{table(heads, lines)}"


def _callers(found: LiveError) -> str:
    if not found.callers:
        return ""
    heads = ("client", "tenant", "rows", "MAE", "outside of the interval")
    lines = [
        (one.client or "not known", one.tenant or "none", f"{one.rows:,}", f"{one.mae:.2f}", _share(one.outside))
        for one in found.callers
    ]
    return f"<h2>Who was answered</h2>{table(heads, lines)}"


def _held(one: VersionError) -> str:
    figure = one.coverage
    return NOT_KNOWN if figure is None else f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})"


def _figure(figure: Figure | None) -> str:
    return NOT_KNOWN if figure is None else f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _number(value: float | None, absent: str = "") -> str:
    return absent if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
