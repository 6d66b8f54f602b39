"""The table of the experiments on the talk's split, and that the documents show what is kept."""

from pathlib import Path

import pytest

from benchmarks.document import section
from benchmarks.split_results import DOCUMENTS, SECTION, Measured, Split, Splits, read, table


def test_a_data_set_is_named_once_and_its_champion_is_bold() -> None:
    measured = [
        Measured(experiment=name, cv_rmse=cv, cv_rmse_sd=0.5, test_rmse=2.345, test_r2=0.9)
        for name, cv in (("bagged", 3.0), ("tuned", 3.25))
    ]
    split = Split(data="own.csv", missing=3, test_rows=102, measured=measured, seeds=[2.3])
    assert table(Splits(splits={"own.csv": split})).splitlines()[2:] == [
        "| own.csv, 3 values missing | **`bagged`** (champion) | 3.00 ± 0.50 | 2.35 | 0.900 |",
        "|  | `tuned` | 3.25 ± 0.50 | 2.35 | 0.900 |",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_documents_show_what_is_kept(document: Path) -> None:
    assert section(document.read_text(), SECTION) == table(read())


def test_the_champion_of_what_is_kept_is_the_best_by_cross_validation() -> None:
    for split in read().splits.values():
        assert split.measured == sorted(split.measured, key=lambda one: one.cv_rmse)
