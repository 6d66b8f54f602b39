"""Some of the observations of the houses, read without the rest."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds

from steps.core.fingerprint import HOUSE_ID
from steps.core.publication import CREATED, EVENT


class Summary(NamedTuple):
    """What a new observation must know of those that are stored.

    Attributes:
        next_id: the first house number that is not taken.
        newest: when the newest observation was created; None if there is none.
    """

    next_id: int
    newest: datetime | None


def summary(files: Sequence[Path]) -> Summary:
    """What the files of a history say of it as a whole."""
    if not files:
        return Summary(0, None)
    stored = pds.dataset(list(files)).to_table(columns=[HOUSE_ID, CREATED])
    if not len(stored):
        return Summary(0, None)
    newest = pd.Timestamp(pc.max(stored[CREATED]).as_py()).to_pydatetime()
    return Summary(int(pc.max(stored[HOUSE_ID]).as_py()) + 1, newest)


def of_houses(files: Sequence[Path], columns: Sequence[str], ids: Iterable[int]) -> pd.DataFrame:
    """The observations of these houses."""
    return _read(files, columns, pds.field(HOUSE_ID).isin(pa.array(list(ids), pa.int64())))


def with_value(files: Sequence[Path], columns: Sequence[str], name: str, values: Iterable[float]) -> pd.DataFrame:
    """The observations that have one of the values in this column."""
    return _read(files, columns, pds.field(name).isin(pa.array(list(values), pa.float64())))


def _read(files: Sequence[Path], columns: Sequence[str], wanted: pds.Expression) -> pd.DataFrame:
    names = [HOUSE_ID, EVENT, CREATED, *columns]
    if files:
        # A feature that is new in the contract is missing in the observations so far: the schema says so.
        known = pds.dataset(list(files)).schema
        fields = [known.field(name) if name in known.names else pa.field(name, pa.float64()) for name in names]
        frame = pds.dataset(list(files), schema=pa.schema(fields)).to_table(filter=wanted).to_pandas()
    else:
        frame = pd.DataFrame({name: [] for name in names})
    kinds = {HOUSE_ID: "int64", EVENT: "datetime64[us, UTC]", CREATED: "datetime64[us, UTC]"}
    typed: pd.DataFrame = frame.astype(kinds | dict.fromkeys(columns, "Float64"))
    return typed
