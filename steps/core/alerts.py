"""What people are told of verdicts and retrainings: what happened, what it means, what was done."""

import re

from serving.alerts.alert import Alert, new_alert
from steps.core.cause import Cause
from steps.core.drift_verdict import DriftVerdict, RootCause
from steps.core.live_error import LiveError
from steps.core.retrained import Ending, Outcome
from steps.core.retraining import Decision, RetrainingSettings

COINS = re.compile(r"(\d+) ([A-Z]{3})")  # a unit that is a number of coins of a currency
MOST_NAMED = 3  # clients and segments in one message
_ENDINGS: dict[Ending, tuple[str, str, str]] = {
    "not started": ("RetrainingRefused", "A retraining was not started", "nothing"),
    "nothing new": ("RetrainingDone", "The retraining made the model that is known already", "nothing else"),
    "registered": (
        "RetrainingDone",
        "The retraining made version {version}, which is not deployed",
        "it is registered",
    ),
    "tried": ("RetrainingDone", "The retraining made version {version}, which is tried", "it began the rollout"),
    "served": ("RetrainingDone", "The retraining made version {version}, which is served", "it deployed it"),
    "gate refused": ("GateRefused", "The gate refuses the retrained model", "what serves goes on serving"),
    "training failed": ("RetrainingFailed", "The training failed", "what serves goes on serving"),
    "took too long": ("RetrainingFailed", "The retraining took too long", "it was ended; what serves goes on serving"),
    "deployment failed": (
        "DeploymentFailed",
        "Version {version} is not deployed",
        "what served before goes on serving; the version is in the registry",
    ),
}


def of_drift(verdict: DriftVerdict, decision: Decision, unit: str, runbooks: str) -> Alert:
    """The traffic has drifted.

    Args:
        unit: of the prices.
    """
    window, cause = verdict.window, verdict.root_cause
    facts: dict[str, str | float] = {
        "version": window.version,
        "rows": window.rows,
        "window": f"{window.start}/{window.end}",
        "drifted": ", ".join(verdict.drifted),
    }
    if cause is not None:
        first = cause.effects[0]
        facts["root_cause"] = first.feature
        if first.price_effect is not None:
            facts["price_effect"] = round(first.price_effect, 4)
    what = ", ".join(verdict.drifted) or "the predicted price"
    return new_alert(
        "DriftDetected",
        f"{what} of {window.model} v{window.version} drifted. {verdict.reason}",
        runbooks=runbooks,
        key=window.model,
        impact=_impact(cause, unit),
        done=what_follows(decision),
        facts=facts,
    )


def drift_is_over(verdict: DriftVerdict, runbooks: str) -> Alert:
    """The traffic is again what the model was trained on."""
    window = verdict.window
    summary = f"the traffic of {window.model} v{window.version} is like the training rows again: {verdict.reason}"
    return new_alert("DriftDetected", summary, runbooks=runbooks, key=window.model, resolved=True)


def of_error(error: LiveError, decision: Decision, unit: str, runbooks: str) -> Alert:
    """The errors against true prices are larger than training promised.

    Args:
        unit: of the prices.
    """
    known = error.champion
    facts: dict[str, str | float] = {
        "version": error.version,
        "rows": known.rows,
        "window": f"{error.start}/{error.end}",
    }
    figures = []
    for name, found in {"rmse": known.rmse, "mae": known.mae}.items():
        promised = getattr(known.promise, name, None)
        if found is not None:
            facts[name] = round(found.value, 4)
            beside = "" if promised is None else f", {money(promised, unit).lstrip('+')} were promised"
            figures.append(f"{name.upper()} {money(found.value, unit).lstrip('+')}{beside}")
    callers = ", ".join(f"{one.client} ({one.rows} rows)" for one in error.callers[:MOST_NAMED])
    return new_alert(
        "ModelErrorHigh",
        f"the errors of {error.model} v{error.version} are worse than promised: {error.reason}",
        runbooks=runbooks,
        key=error.model,
        impact="; ".join([*figures, *[f"clients: {callers}"] * bool(callers)]),
        done=what_follows(decision),
        facts=facts,
    )


def error_is_over(error: LiveError, runbooks: str) -> Alert:
    """The errors are what training promised."""
    summary = f"the errors of {error.model} v{error.version} are as promised: {error.reason}"
    return new_alert("ModelErrorHigh", summary, runbooks=runbooks, key=error.model, resolved=True)


def of_refusal(decision: Decision, model: str, runbooks: str) -> Alert:
    """Something asks for a retraining that is not started."""
    said = decision.cause.in_words if decision.cause else ""
    summary = f"no retraining is started: {decision.reason}"
    return new_alert(
        "RetrainingRefused", summary, runbooks=runbooks, key=model, impact=f"It was asked for by {said}", done="nothing"
    )


def of_start(cause: Cause, run: str, wanted: RetrainingSettings, runbooks: str) -> Alert:
    """A retraining begins."""
    return new_alert(
        "RetrainingStarted",
        f"{run} has begun, because of {cause.in_words}",
        runbooks=runbooks,
        key=run,
        done=f"A training of {wanted.training}; then, of a new version: {wanted.deploy}",
        facts={**cause.tags, "run": run},
    )


def of_outcome(outcome: Outcome, runbooks: str) -> Alert:
    """A retraining has ended."""
    name, summary, done = _ENDINGS[outcome.ending]
    facts: dict[str, str | float] = {"ending": outcome.ending, "run": outcome.training_run, "version": outcome.version}
    if outcome.cause is not None:
        facts |= outcome.cause.tags
    return new_alert(
        name,
        f"{summary.format(version=outcome.version)}: {outcome.reason}",
        runbooks=runbooks,
        key=outcome.training_run,
        impact=f"The log is {outcome.log}" if outcome.log else "",
        done=done,
        facts={key: value for key, value in facts.items() if value},
    )


def what_follows(decision: Decision) -> str:
    """What the platform does by itself after a verdict, in words."""
    if decision.action == "start":
        return "A retraining is started now"
    return f"No retraining is started: {decision.reason}"


def money(amount: float, unit: str) -> str:
    """An amount with its sign; in coins of the currency where the unit is a number of them, such as `1000 USD`."""
    if found := COINS.fullmatch(unit):
        return f"{amount * int(found[1]):+,.0f} {found[2]}"
    return f"{amount:+,.3g} {unit}"


def _impact(cause: RootCause | None, unit: str) -> str:
    if cause is None:
        return ""
    first = cause.effects[0]
    effect = "" if first.price_effect is None else f", which moves the mean price by {money(first.price_effect, unit)}"
    total = "" if cause.price_change is None else f"; in all it is {money(cause.price_change, unit)}"
    callers = ", ".join(f"{one.client} ({one.rows} rows)" for one in cause.callers[:MOST_NAMED])
    more = [one for one in cause.segments if one.share > one.reference_share][:MOST_NAMED]
    places = ", ".join(
        f"{one.feature} {one.value:g} ({one.share:.0%}, usual {one.reference_share:.0%})" for one in more
    )
    parts = (
        f"Root cause: {first.feature}{effect}{total}",
        f"clients: {callers}" * bool(callers),
        f"houses: {places}" * bool(places),
        f"versions: {', '.join(cause.model_versions)}" * bool(cause.model_versions),
    )
    return "; ".join(part for part in parts if part)
