"""Which rows of a data set are news to the offline store: pure decisions, no reading or writing."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from steps.core.errors import DataError
from steps.core.fingerprint import HOUSE_ID

EVENT = "event_timestamp"
CREATED = "created_timestamp"


def latest(stored: pd.DataFrame) -> pd.DataFrame:
    """The last observation of every house, by `house_id`.

    Args:
        stored: observations with `house_id`, `event_timestamp` and `created_timestamp`.
    """
    ordered = stored.sort_values([HOUSE_ID, EVENT, CREATED], kind="stable")
    last: pd.DataFrame = ordered.drop_duplicates(HOUSE_ID, keep="last").reset_index(drop=True)
    return last


def news(stored: pd.DataFrame, houses: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The houses that are not stored, or of which a value differs from its last observation.

    Args:
        stored: the observations so far; may be empty.
        houses: `house_id` and at least the columns.
        columns: what is compared and handed back; a missing value equals a missing value.
    """
    known = latest(stored).set_index(HOUSE_ID)[list(columns)].reindex(houses[HOUSE_ID])
    before = known.to_numpy("float64", na_value=np.nan)
    now = houses[list(columns)].to_numpy("float64", na_value=np.nan)
    same = ((before == now) | (np.isnan(before) & np.isnan(now))).all(axis=1)
    same &= houses[HOUSE_ID].isin(stored[HOUSE_ID]).to_numpy()
    changed: pd.DataFrame = houses.loc[~same, [HOUSE_ID, *columns]]
    return changed


def observed(rows: pd.DataFrame, event: datetime, created: datetime) -> pd.DataFrame:
    """The rows as observations: `house_id`, the two times (UTC, microseconds), the columns as nullable Float64."""
    columns = [name for name in rows.columns if name != HOUSE_ID]
    result = rows.astype(dict.fromkeys(columns, "Float64")).reset_index(drop=True)
    for position, (name, time) in enumerate(((EVENT, event), (CREATED, created)), start=1):
        result.insert(position, name, pd.Series(pd.Timestamp(time), index=result.index, dtype="datetime64[us, UTC]"))
    return result


def stamp(now: datetime, newest: datetime | None) -> datetime:
    """When a row is created: now, but after every row that is stored, so that no materialization misses it.

    Two clocks, or one that was set back, would else create a row before the last materialization that never saw it.
    """
    tick = pd.Timedelta(microseconds=1).to_pytimedelta()
    return now if newest is None or now > newest else newest + tick


def append(stored: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    """The history with the new observations at its end.

    Raises:
        DataError: a new observation is not later than what is stored of its house, and would never be seen.
    """
    if stored.empty:
        return added
    last = latest(stored).set_index(HOUSE_ID)[EVENT].reindex(added[HOUSE_ID]).set_axis(added.index)
    hidden = added.loc[last >= added[EVENT]]
    if not hidden.empty:
        house, time = hidden[HOUSE_ID].iloc[0], hidden[EVENT].iloc[0]
        raise DataError(
            f"{len(hidden)} changed houses, first house_id {house}, would be observed at {time}, not later than what "
            "is stored of them. Set the clock right, or lower `target_lag_days` in zenml_config/features.yaml again."
        )
    return pd.concat([stored, added], ignore_index=True)


def same_values(offline: pd.DataFrame, online: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Whether each row is the same in both, a missing value being equal to a missing value.

    Args:
        offline, online: the same houses in the same order.
    """
    one, other = (frame[list(columns)].to_numpy("float64", na_value=np.nan) for frame in (offline, online))
    return pd.Series(((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1), index=offline.index)
