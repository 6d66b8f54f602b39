"""Listings that are pushed: how they are read, numbered and told apart from what is stored. Pure decisions."""

import csv
import io
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from serving.contract import FeatureSpec
from steps.core.errors import DataError
from steps.core.expectations import Distribution
from steps.core.fingerprint import HOUSE_ID
from steps.core.houses import decode, parse
from steps.core.publication import CREATED, EVENT, latest

MOST = 1000
PLACEHOLDER = 2**52  # a house number until a new house gets its own
# Listings are judged one by one; only a data set as a whole has moments and correlations.
NO_DISTRIBUTION = Distribution(from_rows=2, mean_within_sd=1, sd_factor=2, moments={}, correlations=(), lowest={})
TIME_WANTED = "an ISO 8601 time with its zone, such as 2026-03-01T12:00:00Z, or nothing for now"


def judged_alone(specs: Sequence[FeatureSpec]) -> tuple[FeatureSpec, ...]:
    """The specifications for single rows: what may be missing at all may be missing in each."""
    return tuple(replace(spec, max_missing_share=1.0) if spec.nullable else spec for spec in specs)


def read_listings(data: bytes, columns: Sequence[str], origin: str, now: datetime) -> pd.DataFrame:
    """The listings of a CSV text, a JSON object or a JSON list of objects.

    Args:
        columns: the features, in the contract's order.
        origin: where the data came from, for messages.
        now: when listings without a time of their own were observed.

    Returns:
        `house_id` (int64; -1, -2 … for new houses), the features (float64) and `event_timestamp` (UTC; NaT where none
        is given).

    Raises:
        DataError: it is neither, too much, or a time is none or lies in the future.
        RejectedRowsError: cells that must be numbers are not.
    """
    text = decode(data, origin)
    header, lines = _json(text, origin) if text.lstrip()[:1] in "[{" else _csv(text, origin)
    if len(lines) > MOST:
        raise DataError(f"{origin} has {len(lines)} listings; at most {MOST} are pushed at once. Use the pipeline.")
    times = [line.pop(EVENT, "") for line in lines]
    names = [name for name in header if name != EVENT]
    new = np.array([not line.get(HOUSE_ID, "").strip() for line in lines], np.bool_)
    for row in np.flatnonzero(new):
        lines[row][HOUSE_ID] = str(PLACEHOLDER + row)
    houses = parse(_text(dict.fromkeys([*names, HOUSE_ID]), lines), columns, origin)
    houses.loc[new, HOUSE_ID] = -1 - np.flatnonzero(new)
    if (twice := houses[HOUSE_ID].duplicated()).any():
        raise DataError(
            f"{origin} has house_id {houses.loc[twice, HOUSE_ID].iloc[0]} twice. Push a house once at a time."
        )
    moments = [_moment(time, row, origin, now) for row, time in enumerate(times)]
    return houses.assign(**{EVENT: pd.to_datetime(pd.Series(moments), utc=True).astype("datetime64[us, UTC]")})


def _moment(text: str, row: int, origin: str, now: datetime) -> datetime | None:
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise DataError(f"{origin}, row {row}: event_timestamp is {text!r}; wanted {TIME_WANTED}.") from err
    if moment.tzinfo is None:
        raise DataError(f"{origin}, row {row}: event_timestamp {text!r} has no zone; wanted {TIME_WANTED}.")
    if moment > now:
        raise DataError(
            f"{origin}, row {row}: event_timestamp {text} lies in the future (it is {now:%Y-%m-%dT%H:%M:%SZ}): no "
            f"model may see it yet. Wanted {TIME_WANTED}."
        )
    return moment.astimezone(UTC)


def _csv(text: str, origin: str) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [[cell.strip() for cell in row] for row in reader if any(map(str.strip, row))]
    except csv.Error as err:
        raise DataError(f"{origin}, line {reader.line_num}: {err}. Wanted CSV or JSON.") from err
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise DataError(f"{origin}, line {number}: {len(row)} cells under a header of {len(rows[0])} columns.")
    return rows[0], [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def _json(text: str, origin: str) -> tuple[list[str], list[dict[str, str]]]:
    wanted = "Wanted one JSON object, or a list of objects, of the features by name."
    try:
        found = json.loads(text)
    except ValueError as err:
        raise DataError(f"{origin} is no JSON: {err}. {wanted}") from err
    objects = found if isinstance(found, list) else [found]
    if not objects or not all(isinstance(one, dict) for one in objects):
        raise DataError(f"{origin} holds no listing. {wanted}")
    header = list(dict.fromkeys(name for one in objects for name in one))
    return header, [{name: _cell(one.get(name)) for name in header} for one in objects]


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _text(names: Iterable[str], lines: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    names = list(names)
    writer.writerow(names)
    # A line of nothing but missing values would be no line.
    writer.writerows([cell or "null" for cell in (line[name] for name in names)] for line in lines)
    return text.getvalue()


def numbered(listings: pd.DataFrame, alike: pd.DataFrame, columns: Sequence[str], next_id: int) -> pd.DataFrame:
    """The listings with a number for each: that of a stored house with the very same features, or a new one.

    Args:
        alike: stored observations among which such houses are.
        next_id: the first number that no house has.
    """
    known = (
        {_features(row, columns): int(row[HOUSE_ID]) for row in latest(alike).to_dict("records")} if len(alike) else {}
    )
    ids = []
    for row in listings.to_dict("records"):
        given = int(row[HOUSE_ID])
        if given < 0:
            features = _features(row, columns)
            if features not in known:
                known[features], next_id = next_id, next_id + 1
            given = known[features]
        ids.append(given)
    return listings.assign(**{HOUSE_ID: pd.Series(ids, listings.index, dtype="int64")})


def _features(row: Mapping[Hashable, Any], columns: Sequence[str]) -> tuple[object, ...]:
    return tuple(None if pd.isna(row[name]) else float(row[name]) for name in columns)


def unseen(
    listings: pd.DataFrame, stored: pd.DataFrame, columns: Sequence[str], now: datetime, created: datetime
) -> pd.DataFrame:
    """The listings that say something new, as observations; one that is repeated says nothing.

    Without a time of its own a listing is compared with the last observation of its house, else with the last statement
    about the same time.

    Args:
        stored: the observations so far of these houses.
    """
    last = {int(row[HOUSE_ID]): row for row in latest(stored).to_dict("records")} if len(stored) else {}
    ordered = stored.sort_values([EVENT, CREATED], kind="stable")
    at = {(int(row[HOUSE_ID]), row[EVENT]): row for row in ordered.to_dict("records")}
    rows = []
    for row in listings.to_dict("records"):
        house, given = int(row[HOUSE_ID]), not pd.isna(row[EVENT])
        before = at.get((house, row[EVENT])) if given else last.get(house)
        if before is None or _features(before, columns) != _features(row, columns):
            rows.append({**row, EVENT: row[EVENT] if given else pd.Timestamp(now), CREATED: pd.Timestamp(created)})
    added = pd.DataFrame(rows, columns=[HOUSE_ID, EVENT, CREATED, *columns])
    kinds = {HOUSE_ID: "int64", EVENT: "datetime64[us, UTC]", CREATED: "datetime64[us, UTC]"}
    return added.astype(kinds | dict.fromkeys(columns, "Float64"))
