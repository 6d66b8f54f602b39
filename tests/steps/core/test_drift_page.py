"""The drift report as a page."""

import numpy as np
import pandas as pd

from serving.records.profile_views import view_of
from steps.core.drift_page import drift_page
from steps.core.drift_verdict import DriftVerdict, FeatureEffect, RootCause
from steps.core.sketches import Sketch, sketches_of
from tests.steps.core.test_root_cause import column, verdict


def sketches(shift: float) -> dict[str, Sketch]:
    values = np.random.default_rng(1).normal(6 + shift, 1, (200, 1))
    return sketches_of(view_of(["RM"], values))


def page(found: DriftVerdict) -> str:
    hours = pd.DataFrame({"hour": ["2026-11-25T09", "2026-11-25T10"], "column": "RM", "mean": [6.0, 7.0]})
    return drift_page(found, sketches(0), sketches(2), hours, "1000 USD")


def test_the_page_says_what_to_look_at_first_and_what_it_does_to_the_price() -> None:
    effect = FeatureEffect(rank=1, feature="RM", drifted=True, shap_share=0.3, weighted=0.1, price_effect=2.5)
    cause = RootCause(
        effects=(effect,),
        price_change=2.5,
        sampled_rows=300,
        feature_services=("house_price_v1",),
        model_versions=("1 (champion)",),
        segments=(),
        callers=(),
    )
    text = page(verdict(column("RM", 0.4, drifted=True)).model_copy(update={"root_cause": cause}))
    assert "Look at RM first: it moves the mean price by +2.50, in 1000 USD." in text
    assert "effect on the mean price, 1000 USD" in text
    assert "Together: +2.50, in 1000 USD." in text
    assert "1 (champion)" in text
    assert text.count("<svg") == 2


def test_a_page_without_a_verdict_or_without_traffic_says_so() -> None:
    none = verdict(column("RM", 0.0, drifted=False)).model_copy(update={"status": "not enough data", "reason": "few"})
    text = drift_page(none, sketches(0), {}, pd.DataFrame(columns=["hour", "column", "mean"]), "1000 USD")
    assert "Not enough data for a verdict" in text
    assert "no traffic" in text


def test_what_comes_from_outside_is_text_and_no_markup() -> None:
    found = verdict(column("RM", 0.0, drifted=False)).model_copy(update={"reason": "<b>", "status": "stable"})
    assert "&lt;b&gt;" in page(found)
    assert "<b>" not in page(found)
