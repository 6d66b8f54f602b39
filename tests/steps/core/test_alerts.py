"""What people are told of verdicts and retrainings."""

from typing import get_args

import pytest

from serving.alerts.catalogue import KINDS
from steps.core.alerts import drift_is_over, error_is_over, money, of_drift, of_error, of_outcome, of_refusal, of_start
from steps.core.cause import Cause
from steps.core.drift_verdict import Caller, DriftVerdict, FeatureEffect, RootCause, Segment
from steps.core.live_error import CallerError, Figure, LiveError, Promise, Status, Truths, VersionError
from steps.core.retrained import Ending, Outcome
from steps.core.retraining import Decision
from tests.retraining import retraining
from tests.steps.core.test_root_cause import column, verdict

DRIFT = Cause(kind="drift", reason="RM has drifted", version="1", feature="RM")
START = Decision(action="start", cause=DRIFT, reason="drift")
WAIT = Decision(action="cool-down", cause=DRIFT, reason="the next one from 2026-11-26 12:06 UTC on")


def drifted() -> DriftVerdict:
    effect = FeatureEffect(rank=1, feature="RM", drifted=True, shap_share=0.3, weighted=0.1, price_effect=2.1)
    cause = RootCause(
        effects=(effect,),
        price_change=1.9,
        sampled_rows=300,
        feature_services=("house_price_v1",),
        model_versions=("1 (champion)",),
        segments=(Segment(feature="RAD", value=24, share=0.8, reference_share=0.2),),
        callers=(Caller(client="acme", tenant="", rows=506, outside=0.4),),
    )
    found = verdict(column("RM", 0.4, drifted=True))
    return found.model_copy(
        update={"root_cause": cause, "drifted": ("RM",), "status": "drifted", "reason": "RM: +1 sd"}
    )


def live_error(status: Status) -> LiveError:
    known = VersionError(
        version="1", rows=80, houses=60, shadow_rows=0, trained_houses=0, rmse=Figure(value=4.5, low=4, high=5),
        mae=Figure(value=3.2, low=3, high=3.5), bias=None, r2=None, coverage=None, delay_days=1, delay_days_90=2,
        tiers=(), promise=Promise(mae=2.1, rmse=3, rmse_sd=0.5, r2=0.9, coverage=0.9, clipped_mae=2, clipped_at=10),
        evidence=(), status=status, reason="80 prices",
    )  # fmt: skip
    return LiveError(
        status=status, reason="80 prices", model="m", version="1", start="a", end="b",
        truths=Truths(received=80, joined=80, replaced=0, without_prediction=0), versions=(known,), by_day=(),
        callers=(CallerError(client="acme", tenant="", rows=80, mae=3.2, outside=0.3),), estimate=None,
        judged_at="2026-11-25T12:00:00Z", next_within_seconds=3600,
    )  # fmt: skip


def test_a_larger_error_says_by_how_much_in_dollars_and_whose() -> None:
    begun, ended = (
        of_error(live_error("worse than promised"), WAIT, "1000 USD", "g"),
        error_is_over(live_error("as promised"), "g"),
    )
    assert begun.summary == "the errors of m v1 are worse than promised: 80 prices"
    assert begun.impact == (
        "RMSE 4,500 USD, 3,000 USD were promised; MAE 3,200 USD, 2,100 USD were promised; clients: acme (80 rows)"
    )
    assert (begun.facts["rmse"], begun.severity) == (4.5, "critical")
    assert (begun.key, ended.status) == (ended.key, "resolved")


def test_a_drift_says_which_feature_what_it_does_in_dollars_to_whom_and_what_is_done() -> None:
    alert = of_drift(drifted(), START, "1000 USD", "guide")
    assert alert.summary == "RM of m v1 drifted. RM: +1 sd"
    assert alert.impact == (
        "Root cause: RM, which moves the mean price by +2,100 USD; in all it is +1,900 USD; clients: acme (506 rows); "
        "houses: RAD 24 (80%, usual 20%); versions: 1 (champion)"
    )
    assert alert.done == "A retraining is started now"
    assert (alert.facts["root_cause"], alert.facts["price_effect"]) == ("RM", 2.1)
    assert of_drift(drifted(), WAIT, "1000 USD", "guide").done == f"No retraining is started: {WAIT.reason}"


def test_its_end_has_the_same_key() -> None:
    begun, ended = of_drift(drifted(), START, "", "guide"), drift_is_over(drifted(), "guide")
    assert (begun.key, ended.status) == (ended.key, "resolved")


def test_a_refusal_says_why_and_what_asked_for_it() -> None:
    alert = of_refusal(WAIT, "house-price", "guide")
    assert alert.summary == f"no retraining is started: {WAIT.reason}"
    assert "drift: RM has drifted" in alert.impact


def test_a_start_says_what_comes_then() -> None:
    alert = of_start(DRIFT, "retraining-7", retraining(), "guide")
    assert alert.done == "A training of zenml_config/training.yaml; then, of a new version: canary"
    assert alert.facts["cause_feature"] == "RM"


@pytest.mark.parametrize("ending", get_args(Ending))
def test_every_ending_has_a_message_with_something_to_do(ending: Ending) -> None:
    outcome = Outcome(ending=ending, cause=DRIFT, reason="so", training_run="retraining-7", version="8", log="l")
    alert = of_outcome(outcome, "guide")
    assert alert.name in KINDS
    assert alert.summary.endswith(": so")
    assert "{" not in alert.summary
    assert alert.facts["ending"] == ending
    assert (alert.severity == "info") == (ending in ("nothing new", "registered", "tried", "served"))


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (2.1, "1000 USD", "+2,100 USD"),
        (-0.25, "1000 USD", "-250 USD"),
        (0.05, "100000 USD", "+5,000 USD"),
        (2.1, "EUR", "+2.1 EUR"),
    ],
)
def test_amounts_are_told_in_coins_where_the_unit_is_a_number_of_them(amount: float, unit: str, words: str) -> None:
    assert money(amount, unit) == words
