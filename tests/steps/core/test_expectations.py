"""What the generated Great Expectations suite accepts, and how it names what it refuses."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from serving.contract import FeatureSpec
from steps.apply_contract import Contract, read_specs
from steps.core.expectations import build_suite
from steps.core.findings import faults
from steps.core.rejection import Fault
from steps.data.judge import quieten, run_suite
from tests.houses import KAGGLE_FILE, boston, csv_source, distribution


def found(houses: pd.DataFrame, specs: tuple[FeatureSpec, ...]) -> list[Fault]:
    quieten()
    _, results = run_suite(build_suite(specs, distribution(), len(houses)), houses)
    return faults(results, houses, specs)


@pytest.fixture(scope="module")
def specs(contract: Contract) -> tuple[FeatureSpec, ...]:
    return read_specs(contract)


def missing(column: str, share: float) -> pd.DataFrame:
    houses = boston()
    houses.loc[: int(share * len(houses)) - 1, column] = np.nan
    return houses


def shuffled(column: str) -> pd.DataFrame:
    return boston().assign(**{column: boston()[column].sample(frac=1, random_state=0).to_numpy()})


def test_the_packaged_data_are_as_the_contract_asks(specs: tuple[FeatureSpec, ...]) -> None:
    assert found(boston(), specs) == []


def test_the_kaggle_file_with_its_missing_values_is_as_the_contract_asks(specs: tuple[FeatureSpec, ...]) -> None:
    if not KAGGLE_FILE.exists():
        pytest.skip(f"{KAGGLE_FILE} is not there; set HPP_SHARED_DATA")
    from steps.data.sources import read_houses

    houses = read_houses(csv_source(KAGGLE_FILE), [spec.name for spec in specs])
    assert houses.isna().sum().sum() == 120
    assert found(houses, specs) == []


@pytest.fixture(scope="module")
def row_faults(specs: tuple[FeatureSpec, ...]) -> list[Fault]:
    """What one validation says of houses with a fault of every kind."""
    houses = pd.concat([missing("LSTAT", 0.6), boston().iloc[[405]].assign(house_id=506)], ignore_index=True)
    for row, column, value in [
        (3, "RM", 42),
        (3, "CRIM", -0.1),
        (3, "TAX", np.inf),
        (4, "CHAS", 0.5),
        (4, "RAD", 2.5),
        (505, "MEDV", np.nan),
        (9, "house_id", 7),
        (10, "house_id", -1),
        (0, "INDUS", 0),
    ]:
        houses.loc[row, column] = value
    return found(houses, specs)


@pytest.mark.parametrize(
    "wanted",
    [
        Fault(3, "RM", "42", "3 to 9"),
        Fault(3, "CRIM", "-0.1", "0 to 100 or null"),
        Fault(3, "TAX", "inf", "100 to 800"),
        Fault(4, "CHAS", "0.5", "0 or 1 or null"),
        Fault(4, "RAD", "2.5", "whole numbers 1 to 24"),
        Fault(505, "MEDV", "missing", "1 to 50"),
        Fault(9, "house_id", "7", "a number that no other row has"),
        Fault(10, "house_id", "-1", "0 or more"),
        Fault(0, "INDUS", "0", "0.4 or more"),
        Fault(None, "LSTAT", "missing in 303 of 507 rows (60%)", "at most 6%"),
        Fault(506, "every column", "the same as in row 405", "rows that differ"),
    ],
)
def test_a_fault_of_a_row_or_column_is_named(wanted: Fault, row_faults: list[Fault]) -> None:
    assert wanted in row_faults


def test_whole_numbers_of_a_huge_range_are_told_without_a_list_of_them(specs: tuple[FeatureSpec, ...]) -> None:
    wide = tuple(replace(spec, maximum=1e6) if spec.name == "RAD" else spec for spec in specs)
    houses = boston().astype({"RAD": "float64"})
    houses.loc[0, "RAD"], houses.loc[1, "RAD"] = 123_456.0, 2.5
    assert [fault for fault in found(houses, wide) if fault.row is not None] == [
        Fault(1, "RAD", "2.5", "whole numbers 1 to 1e+06")
    ]
    suite = build_suite(wide, distribution(), len(houses))
    assert len(str(suite.to_json_dict())) < 40_000


def test_the_faults_come_in_the_order_in_which_a_person_wants_them(row_faults: list[Fault]) -> None:
    rows = [fault.row for fault in row_faults]
    assert (rows[0], rows[-1]) == (None, None)
    within = [row for row in rows if row is not None]
    assert within == sorted(within)


@pytest.mark.parametrize(
    ("houses", "part"),
    [
        (lambda: boston().assign(AGE=boston()["AGE"] / 100), "the mean of AGE"),
        (lambda: boston().assign(MEDV=boston()["MEDV"] / 10 + 20), "the standard deviation of MEDV"),
        (lambda: shuffled("MEDV"), "the correlation of LSTAT and MEDV"),
        (lambda: shuffled("TAX"), "the correlation of RAD and TAX"),
        (lambda: shuffled("DIS"), "the correlation of NOX and DIS"),
        (lambda: boston().assign(RM=6.0), "the correlation of RM and MEDV"),
        (lambda: boston().assign(COLOUR=1.0), "the list of columns"),
        (lambda: boston().astype({"TAX": "int64"}), "the type of TAX"),
        (lambda: boston().iloc[:0], "the number of rows"),
    ],
)
def test_a_fault_of_the_data_as_a_whole_is_named(
    houses: Callable[[], pd.DataFrame], part: str, specs: tuple[FeatureSpec, ...]
) -> None:
    assert part in {fault.column for fault in found(houses(), specs) if fault.row is None}


def test_few_houses_are_not_held_to_the_distribution_of_many(specs: tuple[FeatureSpec, ...]) -> None:
    assert found(boston().head(5), specs) == []


@pytest.mark.parametrize("seed", range(2))
def test_any_half_of_the_houses_passes(seed: int, specs: tuple[FeatureSpec, ...]) -> None:
    assert found(boston().sample(250, random_state=seed).reset_index(drop=True), specs) == []


def test_an_unknown_or_a_lacking_parameter_is_an_error() -> None:
    with pytest.raises(ValidationError, match="sd_facto"):
        distribution(sd_facto=2)
