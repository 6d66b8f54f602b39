"""What the validation step does with houses that are refused."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steps.apply_contract import Contract
from steps.core.errors import DataError
from steps.validate import validate
from tests.houses import boston, csv_source, distribution


def refused(houses: pd.DataFrame, contract: Contract) -> str:
    with pytest.raises(DataError) as raised:
        validate.entrypoint(houses, contract, csv_source("/data/houses.csv"), distribution())
    return str(raised.value)


def test_every_refused_row_is_named_and_kept_with_its_reasons(platform_dir: Path, contract: Contract) -> None:
    houses = pd.concat([boston(), boston().iloc[[5]].assign(house_id=900)], ignore_index=True)
    houses.loc[3, ["RM", "CHAS"]] = [42, 0.5]
    message = refused(houses, contract)
    assert "2 of 507 rows of /data/houses.csv" in message
    assert "row 3: RM is 42; wanted 3 to 9" in message
    assert "row 506 (house_id 900): every column is the same as in row 5" in message
    (kept,) = (platform_dir / "quarantine").iterdir()
    assert str(kept) in message
    rows = list(csv.DictReader(kept.open()))
    assert [(row["house_id"], row["reason_columns"]) for row in rows] == [("3", "CHAS RM"), ("900", "every column")]
    assert rows[0]["TAX"] == "222.0"


def test_too_many_missing_values_are_told_as_a_share(platform_dir: Path, contract: Contract) -> None:
    houses = boston()
    houses.loc[houses.index % 5 < 3, "LSTAT"] = np.nan
    message = refused(houses, contract)
    assert "LSTAT is missing in 304 of 506 rows (60%); wanted at most 6%" in message


def test_a_fault_of_the_whole_keeps_no_rows_since_none_is_wrong(platform_dir: Path, contract: Contract) -> None:
    message = refused(boston().assign(MEDV=boston()["MEDV"].sample(frac=1, random_state=0).to_numpy()), contract)
    assert "the correlation of LSTAT and MEDV" in message
    assert not (platform_dir / "quarantine").exists()


def test_data_docs_of_a_refused_run_replace_those_before(platform_dir: Path, contract: Contract) -> None:
    (platform_dir / "data_docs").mkdir()
    (platform_dir / "data_docs" / "old.html").touch()
    refused(boston().assign(AGE=boston()["AGE"] / 100), contract)
    names = {path.name for path in (platform_dir / "data_docs").iterdir()}
    assert "index.html" in names
    assert "old.html" not in names
    assert not list(platform_dir.glob(".data_docs*"))
