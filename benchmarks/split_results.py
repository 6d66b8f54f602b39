"""The experiments on the talk's own split as they are kept in `docs/benchmarks/split.json`, and their table."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmarks.document import renew
from serving.files import write_atomically
from zenml_config.environment import ROOT

PLACE = ROOT / "docs" / "benchmarks" / "split.json"
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "training.md")
SECTION = "split"


class Measured(BaseModel):
    """One experiment's model; errors in thousands of US dollars.

    Attributes:
        cv_rmse, cv_rmse_sd: mean and standard deviation over the folds of the training rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: str
    cv_rmse: float
    cv_rmse_sd: float
    test_rmse: float
    test_r2: float


class Split(BaseModel):
    """The experiments on one data set, the champion by cross-validation first.

    Attributes:
        missing: values that are missing.
        seeds: the test RMSE of single models that differ in their training seed only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    missing: int
    test_rows: int
    measured: list[Measured]
    seeds: list[float]


class Splits(BaseModel):
    """All data sets that were measured, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    splits: dict[str, Split] = {}


def read(place: Path = PLACE) -> Splits:
    """What is kept there; nothing, where nothing is."""
    return Splits.model_validate_json(place.read_bytes()) if place.exists() else Splits()


def keep(split: Split) -> None:
    """Put it in the place of what was kept of its data set, and into the documents."""
    splits = Splits(splits=read().splits | {split.data: split})
    write_atomically(PLACE, splits.model_dump_json(indent=1).encode() + b"\n")
    for document in DOCUMENTS:
        renew(document, SECTION, table(splits))


def table(splits: Splits) -> str:
    """The table of all data sets, champions in bold."""
    lines = ["| data | experiment | cross-validated RMSE | test RMSE | test R² |", "|---|---|--:|--:|--:|"]
    for split in splits.splits.values():
        lacking = f"{split.missing} values missing" if split.missing else "complete"
        for at, one in enumerate(split.measured):
            name = f"`{one.experiment}`" if at else f"**`{one.experiment}`** (champion)"
            lines.append(
                f"| {'' if at else f'{split.data}, {lacking}'} | {name} | {one.cv_rmse:.2f} ± {one.cv_rmse_sd:.2f} "
                f"| {one.test_rmse:.2f} | {one.test_r2:.3f} |"
            )
    return "\n".join(lines)
