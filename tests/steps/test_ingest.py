"""What a bad file ends in."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from steps.apply_contract import Contract
from steps.core.errors import DataError
from steps.ingest import ingest
from tests.houses import boston, csv_source


def text_of(houses: pd.DataFrame) -> bytes:
    return houses.drop(columns="house_id").to_csv(index=False).encode()


BAD_FILES = {
    "an empty file": (b"", "is empty"),
    "a header alone": (text_of(boston().iloc[:0]), "no rows"),
    "a missing column": (text_of(boston().drop(columns="RM")), "missing: 'RM'"),
    "a missing target": (text_of(boston().drop(columns="MEDV")), "missing: 'MEDV'"),
    "an extra column": (text_of(boston().assign(COLOUR=1)), "not in the contract: 'COLOUR'"),
    "text in a numeric column": (text_of(boston().astype({"RM": object}).replace({"RM": {6.575: "six"}})), "'six'"),
    "a huge number": (text_of(boston()).replace(b"296.0", b"1e400", 1), "'1e400'"),
    "an infinite number": (text_of(boston()).replace(b"296.0", b"-inf", 1), "'-inf'"),
    "a zip file": (b"PK\x03\x04\x14\x00\x08\x08", "no CSV file"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no CSV file"),
    "a web page": (b"<!doctype html><html><body>Not found</body></html>", "missing: 'CRIM'"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_ends_in_one_message_that_names_it_and_nothing_is_half_written(
    name: str, platform_dir: Path, tmp_path: Path, contract: Contract
) -> None:
    content, said = BAD_FILES[name]
    path = tmp_path / "houses.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        ingest.entrypoint(csv_source(path), contract)
    assert str(path) in str(raised.value)
    assert said in str(raised.value)
    assert not list((platform_dir / "feast" / "offline").iterdir())


@pytest.mark.parametrize(("name", "said"), [("", "is a directory"), ("none.csv", "does not exist")])
def test_a_path_that_is_no_file_ends_in_one_message(
    name: str, said: str, platform_dir: Path, tmp_path: Path, contract: Contract
) -> None:
    with pytest.raises(DataError, match=said) as raised:
        ingest.entrypoint(csv_source(tmp_path / name), contract)
    assert str(tmp_path) in str(raised.value)


def test_rows_with_text_are_kept_as_they_came_with_their_line_and_reason(
    platform_dir: Path, tmp_path: Path, contract: Contract
) -> None:
    path = tmp_path / "houses.csv"
    path.write_bytes(text_of(boston().head(3)).replace(b"6.421", b"six rooms", 1))
    with pytest.raises(DataError) as raised:
        ingest.entrypoint(csv_source(path), contract)
    (kept,) = (platform_dir / "quarantine").iterdir()
    assert str(kept) in str(raised.value)
    (row,) = csv.DictReader(kept.open())
    assert (row["row"], row["line"], row["RM"], row["reason_columns"]) == ("1", "3", "six rooms", "RM")
