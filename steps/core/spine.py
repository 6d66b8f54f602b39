"""What a point-in-time training set is asked for, and whether the answer is whole: pure decisions, no reading."""

from collections.abc import Sequence

import pandas as pd

from steps.core.errors import DataError
from steps.core.fingerprint import HOUSE_ID
from steps.core.publication import EVENT, latest


def spine(prices: pd.DataFrame) -> pd.DataFrame:
    """Which house at which time: the moment at which each house's last price became known.

    Args:
        prices: the history of the target.
    """
    asked: pd.DataFrame = latest(prices)[[HOUSE_ID, EVENT]]
    return asked


def complete(
    answer: pd.DataFrame, asked: pd.DataFrame, columns: Sequence[str], required: Sequence[str]
) -> pd.DataFrame:
    """The training set by `house_id`: `house_id` (int64), then the columns (float64), missing as NaN.

    Feast's file offline store drops the rows of entities whose features have expired, in silence, and reorders rows.

    Args:
        answer: what Feast returned for the spine `asked`.
        columns: the contract's columns, features then target.
        required: those that are never missing; a house without any observation shows itself in them.

    Raises:
        DataError: rows are lost or doubled, or houses were not observed when their price became known.
    """
    ids = answer[HOUSE_ID].astype("int64")
    lost = sorted(set(asked[HOUSE_ID]) - set(ids))
    if lost or len(answer) != len(asked):
        raise DataError(
            f"Feast returned {len(answer)} rows for {len(asked)} houses; {len(lost)} are lost{_some(lost)}. Their "
            "features are older than the feature view's ttl at the time of their price. Publish them again, or raise "
            "the ttl in feature_repo/houses.py."
        )
    houses = answer[list(columns)].astype("float64").assign(**{HOUSE_ID: ids}).sort_values(HOUSE_ID)
    unknown = houses.loc[houses[list(required)].isna().any(axis=1), HOUSE_ID].tolist()
    if unknown:
        raise DataError(
            f"{len(unknown)} houses lack values of {', '.join(required)} at the time of their price{_some(unknown)}. "
            "They were observed later than priced, or never: publish them with the feature pipeline."
        )
    whole: pd.DataFrame = houses[[HOUSE_ID, *columns]].reset_index(drop=True)
    return whole


def _some(houses: Sequence[int]) -> str:
    shown = ", ".join(str(house) for house in houses[:5])
    return f" (house_id {shown}{', …' if len(houses) > 5 else ''})" if houses else ""
