"""Whether the answer to a point-in-time question is whole and saw no future: pure decisions, no reading.

Feast's store for files drops the rows of entities whose features have expired and reorders the rest; its DuckDB store
reorders. Here every row has a number before it is asked for, which tells what became of it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from steps.core.errors import DataError

ROW = "point_in_time_row"
NAMED = 5
Times = NDArray[np.datetime64]


class PointInTimeReport(BaseModel):
    """What became of the rows of a question.

    Attributes:
        rows: that were asked for, all of which are in the answer.
        lost: that the store did not return; they were put back with missing features.
        doubled: that it returned more than once; the others were dropped.
        reordered: whether it returned them in another order, which was put right.
        expired: rows of which some view has only values older than its ttl.
        never_observed: rows of which some view has nothing up to their time.
        as_of: nothing that was written later counts; ISO 8601.
        expired_houses, never_observed_houses: the first of them.
        first_time, last_time: of the rows that were asked for, ISO 8601.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    lost: int
    doubled: int
    reordered: bool
    expired: int
    never_observed: int
    as_of: str | None = None
    expired_houses: list[int] = []
    never_observed_houses: list[int] = []
    first_time: str | None = None
    last_time: str | None = None


def numbered(asked: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The different rows of a question with a number each, and which of them every row of the question is.

    A store may take two equal rows for one.
    """
    groups = asked.groupby(list(asked.columns), sort=False, dropna=False).ngroup()
    places: NDArray[np.int64] = groups.to_numpy().astype(np.int64)
    different = asked[~pd.Series(places).duplicated().to_numpy()].reset_index(drop=True)
    return different.assign(**{ROW: np.arange(len(different))}), places


def restored(
    answer: pd.DataFrame, different: pd.DataFrame, places: NDArray[np.int64]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The answer with one row for each of the question, in its order, and how many were lost, doubled and reordered.

    Args:
        answer: what a store returned for `different`, numbers included.
        different, places: from `numbered`.

    Raises:
        DataError: a row came back twice, with different values.
    """
    rows = answer[ROW].to_numpy(np.int64)
    doubled = answer.duplicated(ROW, keep="first")
    single = answer[~doubled.to_numpy()]
    if len(answer.drop_duplicates()) != len(single):
        row = int(answer.drop_duplicates()[ROW].value_counts().index[0])
        raise DataError(f"The offline store answered differently for the same row: {different.iloc[row].to_dict()}.")
    lost = len(different) - len(single)
    counts = {"lost": lost, "doubled": int(doubled.sum()), "reordered": int((np.diff(rows) < 0).any())}
    whole = single.set_index(ROW).reindex(np.arange(len(different)))
    whole = whole.assign(**{str(name): different[name] for name in different.columns if name != ROW})
    return whole.iloc[places].reset_index(drop=True), counts


def check_no_future(observed: Mapping[str, Times], limit: Times, rows: pd.DataFrame, key: str) -> None:
    """Nothing, if every value had been observed by its row's limit.

    Args:
        observed: of each view, when what every row got was observed; NaT where it got nothing.
        limit: (n_rows,) the last time that a row may see; NaT for none.
        rows: the rows, for the message.

    Raises:
        DataError: a value was observed later: the future leaks into the training set.
    """
    for view, times in observed.items():
        leaks = np.flatnonzero(times > limit)  # a comparison with NaT is false
        if len(leaks):
            row = leaks[0]
            raise DataError(
                f"{len(leaks)} rows of {view} see the future, first {key} {rows[key].iloc[row]}: observed at "
                f"{times[row]}, allowed until {limit[row]} UTC. Neither the join nor the spine may let later rows in; "
                "do not train on this."
            )


def check_values(answer: pd.DataFrame, expected: pd.DataFrame, columns: Sequence[str], key: str) -> None:
    """Nothing, if a store's answer is what the history says.

    Args:
        answer, expected: the same rows in the same order; a missing value equals a missing value.

    Raises:
        DataError: they differ; the message names house, feature and both values.
    """
    for name in columns:
        one, other = answer[name].to_numpy("float64", na_value=np.nan), expected[name].to_numpy("float64")
        wrong = np.flatnonzero((one != other) & ~(np.isnan(one) & np.isnan(other)))
        if len(wrong):
            row = wrong[0]
            raise DataError(
                f"The offline store's {name} of {key} {answer[key].iloc[row]} is {one[row]:g}; by its history it was "
                f"{other[row]:g} at the time of the row ({len(wrong)} rows differ). Do not train on this: check "
                "HPP_OFFLINE_STORE and the parquet files of HPP_OFFLINE_DIR."
            )


def some(keys: pd.Series, mask: NDArray[np.bool_]) -> list[int]:
    """The first few keys of the rows that the mask names."""
    return [int(key) for key in keys[mask].head(NAMED)]
