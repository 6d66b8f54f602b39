"""What a point-in-time training set is asked for, and whether what came back may train: pure decisions, no reading."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps.core.errors import DataError
from steps.core.fingerprint import HOUSE_ID
from steps.core.publication import CREATED, EVENT, latest

Mask = NDArray[np.bool_]


def spine(prices: pd.DataFrame, as_of: datetime | None = None) -> pd.DataFrame:
    """Which house at which time, by `house_id`: the moment at which each house's last price became known.

    Args:
        prices: the history of the target.
        as_of: prices that were written later do not count.
    """
    known = prices if as_of is None else prices[prices[CREATED] <= pd.Timestamp(as_of)]
    asked: pd.DataFrame = latest(known)[[HOUSE_ID, EVENT]]
    return asked


def complete(
    answer: pd.DataFrame, columns: Sequence[str], required: Sequence[str], expired: Mask, keep_expired: bool
) -> pd.DataFrame:
    """The training set in the order of the answer: `house_id` (int64), the columns (float64), missing as NaN.

    Args:
        answer: one row for each that was asked for.
        columns: the contract's columns, features then target.
        required: those that are never missing; a house without any observation shows itself in them.
        expired: the rows that have only values older than their view's ttl.
        keep_expired: whether such rows stay, with missing features.

    Raises:
        DataError: rows are expired and may not be kept, or houses were not observed when their price became known.
    """
    ids = answer[HOUSE_ID].astype("int64")
    if expired.any() and not keep_expired:
        raise DataError(
            f"{int(expired.sum())} of {len(answer)} houses have expired{_some(ids[expired].tolist())}: their features "
            "are older than the feature view's ttl at the time of their price. Publish them again, raise the ttl in "
            "the feature repository, or let them train with missing features: `training_set.expired: keep` in "
            "zenml_config/training.yaml."
        )
    houses = answer[list(columns)].astype("float64")
    unknown = ids[houses[list(required)].isna().any(axis=1).to_numpy() & ~expired].tolist()
    if unknown:
        raise DataError(
            f"{len(unknown)} houses lack values of {', '.join(required)} at the time of their price{_some(unknown)}. "
            "They were observed later than priced, or never: publish them with the feature pipeline."
        )
    houses.insert(0, HOUSE_ID, ids)
    return houses


def _some(houses: Sequence[int]) -> str:
    shown = ", ".join(str(house) for house in houses[:5])
    return f" (house_id {shown}{', …' if len(houses) > 5 else ''})" if houses else ""
