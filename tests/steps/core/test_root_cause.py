"""Which feature is named first, and whom a drift concerns."""

import numpy as np
import pandas as pd
import pytest

from serving.records.profile_views import view_of
from steps.core.drift_verdict import ColumnDrift, DriftVerdict, Window
from steps.core.importance import ShapValues
from steps.core.reference import ReferenceShap
from steps.core.root_cause import find_callers, find_segments, rank_effects
from steps.core.sketches import Sketch, sketches_of

FEATURES = ("RM", "LSTAT", "ZN")
TRAINED = ReferenceShap(FEATURES, mean=(0.0, 1.0, 0.0), mean_abs=(3.0, 6.0, 1.0), base=22.0, rows=400)


def column(name: str, ks: float, drifted: bool, missing: float = 0.0) -> ColumnDrift:
    figures = dict.fromkeys(("mean", "reference_mean", "sd", "reference_sd", "score"))
    numbers = dict.fromkeys(("psi", "hellinger", "p_mean", "p_ks", "p_missing", "outside"), 0.0)
    return ColumnDrift.model_validate(
        {
            **figures,
            **numbers,
            "name": name,
            "role": "feature",
            "rows": 300,
            "missing_share": missing,
            "reference_missing_share": 0.0,
            "ks": ks,
            "drifted": drifted,
            "early": False,
            "reasons": (),
        }
    )


def verdict(*columns: ColumnDrift) -> DriftVerdict:
    window = Window(model="m", version="1", start="", end="", hours=1, rows=300, distinct=300)
    drifted = tuple(one.name for one in columns if one.drifted)
    return DriftVerdict(
        status="drifted",
        reason="",
        window=window,
        drifted=drifted,
        prediction_drifted=False,
        early=(),
        columns=columns,
        judged_at="",
        next_within_seconds=3600,
    )


FOUND = verdict(column("RM", 0.3, drifted=True), column("LSTAT", 0.1, drifted=False), column("ZN", 0.8, drifted=True))


def test_of_drifted_features_the_one_that_moves_the_price_more_is_the_cause() -> None:
    shap = ShapValues(np.array([[-2.0, 9.0, 0.1], [-4.0, 9.0, 0.3]], dtype=np.float32), 22.0)
    found = rank_effects(FOUND, FEATURES, shap, TRAINED)
    assert [(one.rank, one.feature) for one in found] == [(1, "RM"), (2, "ZN"), (3, "LSTAT")]
    assert [one.price_effect for one in found] == pytest.approx([-3.0, 0.2, 8.0])
    assert [one.shap_share for one in found] == pytest.approx([0.3, 0.1, 0.6])


def test_without_the_rows_the_size_of_the_drift_times_the_share_of_the_model_decides() -> None:
    found = rank_effects(FOUND, FEATURES, None, TRAINED)
    assert [(one.feature, one.price_effect) for one in found] == [("RM", None), ("ZN", None), ("LSTAT", None)]
    assert [one.weighted for one in found] == pytest.approx([0.09, 0.08, 0.06])


def test_a_feature_that_went_missing_is_as_large_a_drift_as_its_missing_rows() -> None:
    gone = verdict(column("RM", 0.0, drifted=True, missing=0.8), *FOUND.columns[1:])
    assert rank_effects(gone, FEATURES, None, TRAINED)[0].weighted == pytest.approx(0.8 * 0.3)


def test_a_version_without_shap_values_of_its_training_rows_takes_the_windows() -> None:
    shap = ShapValues(np.array([[-2.0, 1.0, 1.0]], dtype=np.float32), 22.0)
    found = rank_effects(FOUND, FEATURES, shap, None)
    assert {one.feature: one.shap_share for one in found} == {"RM": 0.5, "LSTAT": 0.25, "ZN": 0.25}
    assert {one.price_effect for one in found} == {None}


def sketch(values: list[float]) -> Sketch:
    return sketches_of(view_of(["RAD"], np.reshape(values, (-1, 1))))["RAD"]


def test_the_segments_are_those_whose_share_has_moved_furthest() -> None:
    trained = {"RAD": sketch([4.0] * 60 + [5.0] * 20 + [24.0] * 20)}
    rows = pd.DataFrame({"RAD": [24.0] * 80 + [4.0] * 20})
    found = find_segments(rows, trained, ["TAX", "RAD"])
    assert [(one.value, one.share, round(one.reference_share, 2)) for one in found] == [
        (24, 0.8, 0.2),
        (4, 0.2, 0.6),
        (5, 0.0, 0.2),
    ]
    assert find_segments(rows, trained, ["TAX"]) == ()
    assert find_segments(rows[:0], trained, ["RAD"]) == ()


def test_the_callers_with_the_most_rows_out_of_the_ordinary_come_first() -> None:
    trained = sketch([float(value) for value in range(100)])
    rows = pd.DataFrame(
        {
            "RAD": [50.0, 50.0, 50.0, 500.0, np.nan],
            "client": ["a", "a", "a", "b", "b"],
            "tenant": ["", "", "", "t", "t"],
        }
    )
    found = find_callers(rows, "RAD", trained)
    assert [(one.client, one.tenant, one.rows, one.outside) for one in found] == [("b", "t", 2, 1), ("a", "", 3, 0)]
