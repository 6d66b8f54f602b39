"""Which columns of a set of houses are what."""

import pandas as pd

from serving.pricing.ratios import Ratio
from steps.core.columns import as_defined

HOUSES = pd.DataFrame({"RM": [6.0, 5.0], "TAX": [300.0, None], "TAX_PER_ROOM": [1.0, 1.0], "MEDV": [20.0, 30.0]})


def test_an_older_definition_takes_the_place_of_the_contracts() -> None:
    found = as_defined(HOUSES, {"TAX_PER_ROOM": Ratio("TAX", "RM")})
    assert found["TAX_PER_ROOM"].tolist()[0] == 50
    assert found["TAX_PER_ROOM"].isna().tolist() == [False, True]
    pd.testing.assert_frame_equal(found.drop(columns="TAX_PER_ROOM"), HOUSES.drop(columns="TAX_PER_ROOM"))


def test_one_that_the_contract_has_no_more_comes_before_the_price() -> None:
    found = as_defined(HOUSES.drop(columns="TAX_PER_ROOM"), {"TAX_PER_ROOM": Ratio("TAX", "RM")})
    assert found.columns.tolist() == ["RM", "TAX", "TAX_PER_ROOM", "MEDV"]


def test_a_model_without_derived_features_sees_the_houses_as_they_are() -> None:
    assert as_defined(HOUSES, {}) is HOUSES


def test_a_definition_whose_parts_are_left_out_defines_nothing() -> None:
    houses = HOUSES[["RM", "MEDV"]]
    assert as_defined(houses, {"TAX_PER_ROOM": Ratio("TAX", "RM")}) is houses
    found = as_defined(HOUSES[["TAX", "MEDV"]], {"ONE": Ratio("TAX", "TAX"), "TAX_PER_ROOM": Ratio("TAX", "RM")})
    assert found.columns.tolist() == ["TAX", "ONE", "MEDV"]
