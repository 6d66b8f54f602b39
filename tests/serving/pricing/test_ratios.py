"""Derived features in the service: from what is given to what a model takes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serving.contract import FeatureSpec
from serving.errors import InvalidRequestError
from serving.pricing.ratios import Derivation, Ratio, inputs_of
from serving.protocol.requests import RequestContract, read_query

TAX_PER_ROOM, NOX_PER_MILE = Ratio("TAX", "RM"), Ratio("NOX", "DIS")
DERIVED = {"TAX_PER_ROOM": TAX_PER_ROOM, "NOX_PER_MILE": NOX_PER_MILE}
FEATURES = ("RM", "LSTAT", "TAX_PER_ROOM", "NOX_PER_MILE")


def test_a_request_needs_the_models_stored_features_and_then_what_its_ratios_are_made_of() -> None:
    assert inputs_of(FEATURES, DERIVED) == ("RM", "LSTAT", "TAX", "NOX", "DIS")
    assert inputs_of(("RM", "LSTAT"), {}) == ("RM", "LSTAT")


def test_ratios_stand_where_the_model_was_trained_with_them() -> None:
    given = np.array([[6.0, 5.0, 300.0, 0.5, 4.0]])
    assert Derivation(FEATURES, DERIVED).features_from(given).tolist() == [[6.0, 5.0, 50.0, 0.125]]
    mixed = Derivation(("TAX_PER_ROOM", "RM"), DERIVED)
    assert mixed.inputs == ("RM", "TAX")
    assert mixed.features_from(np.array([[6.0, 300.0]])).tolist() == [[50.0, 6.0]]


def test_a_model_without_derived_features_gets_the_very_rows_that_came() -> None:
    rows = np.array([[6.0, 5.0]])
    assert Derivation(("RM", "LSTAT"), {}).features_from(rows) is rows


NUMBERS = st.floats(-1e9, 1e9) | st.just(math.nan) | st.just(0.0)


@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.just(5)), elements=NUMBERS))
def test_a_ratio_is_pythons_own_division_and_missing_where_a_part_is_or_the_denominator_is_nothing(
    rows: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    before = rows.copy()
    ratios = Derivation(FEATURES, DERIVED).features_from(rows)[:, 2:]
    for row, (per_room, per_mile) in zip(before.tolist(), ratios.tolist(), strict=True):
        rooms, _, tax, oxides, miles = row
        for above, below, found in ((tax, rooms, per_room), (oxides, miles, per_mile)):
            expected = math.nan if math.isnan(above) or math.isnan(below) or below == 0 else above / below
            assert np.float64(found).tobytes() == np.float64(expected).tobytes() or (
                found != found and expected != expected
            )
    assert rows.tobytes() == before.tobytes()


def test_what_is_sent_for_a_part_touches_the_ratio_too() -> None:
    derivation = Derivation(FEATURES, DERIVED)
    assert derivation.touched_by(["TAX"]) == ("TAX_PER_ROOM",)
    assert derivation.touched_by(["RM", "AGE"]) == ("RM", "TAX_PER_ROOM")
    assert derivation.touched_by([]) == ()


def spec(name: str, ratio: Ratio | None = None) -> FeatureSpec:
    return FeatureSpec(name, name, "1", "continuous", 0.5, 800, 0, False, ratio)


CONTRACT = RequestContract(
    {name: spec(name) for name in ("RM", "TAX", "AGE")},
    ("RM", "TAX"),
    10,
    {"TAX_PER_ROOM": spec("TAX_PER_ROOM", TAX_PER_ROOM)},
)


@pytest.mark.parametrize("names", [["RM", "TAX", "TAX_PER_ROOM"], ["house_id", "TAX_PER_ROOM"]])
def test_a_request_that_sends_a_derived_feature_is_told_what_to_send(names: list[str]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read_query({"data": {"names": names, "ndarray": [[6, 300, 50][: len(names)]]}}, CONTRACT)
    assert refused.value.details == [
        {
            "feature": "TAX_PER_ROOM",
            "allowed": "TAX / RM",
            "remedy": "it is computed from TAX and RM: send those instead",
        }
    ]
