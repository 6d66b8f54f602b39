"""Houses in any number, in the likeness of the 506: a bootstrap of their rows with noise inside the contract's ranges.

Correlations between columns stay, since whole rows are drawn; the noise makes houses and their snapshots differ. The
history is written snapshot by snapshot, as so many runs of the feature pipeline would have appended it.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mlxtend.data import boston_housing_data
from numpy.typing import NDArray

from serving.contract import FeatureSpec

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
APART = timedelta(days=30)  # between two snapshots of a house
KNOWN_AFTER = timedelta(hours=6)  # from an observation to its row
NOISE = 0.05  # in standard deviations of a column
CHUNK = 250_000

Values = NDArray[np.float64]


def snapshot(specs: Sequence[FeatureSpec], first_house: int, houses: int, number: int, seed: int) -> Values:
    """(houses, features) of the houses from `first_house` on, as they are in one snapshot, in the order of the specs.

    Args:
        number: of the snapshot; the same houses are drawn in each, their continuous features differ a little.
    """
    real, _ = boston_housing_data()
    drawn = np.random.default_rng([seed, first_house]).integers(len(real), size=houses)
    noise = np.random.default_rng([seed, first_house, number]).standard_normal((houses, real.shape[1]))
    values: Values = real[drawn].astype(np.float64)
    for column, spec in enumerate(specs):
        if spec.kind == "continuous":
            values[:, column] += NOISE * real[:, column].std() * noise[:, column]
            np.round(values[:, column], _decimals(real[:, column]), out=values[:, column])
            np.clip(values[:, column], spec.minimum, spec.maximum, out=values[:, column])
    return values


def _decimals(column: Values) -> int:
    """The decimals that the real data have: what a file takes on disk depends on them."""
    return next(digits for digits in range(10) if np.array_equal(np.round(column, digits), column))


def observed_at(first_house: int, houses: int, number: int, seed: int) -> NDArray[np.int64]:
    """When the houses were observed for this snapshot, in microseconds since 1970: somewhen in its thirty days."""
    spread = np.random.default_rng([seed, first_house, number, 1]).integers(
        int(APART.total_seconds() * 1e6), size=houses, dtype=np.int64
    )
    start = int((FIRST + number * APART).timestamp() * 1e6)
    times: NDArray[np.int64] = spread + start
    return times


def tables(specs: Sequence[FeatureSpec], houses: int, number: int, seed: int) -> Iterator[pa.Table]:
    """One snapshot of all houses in tables of at most 250,000 rows, with the columns of a stored history."""
    kind = pa.timestamp("us", tz="UTC")
    for first in range(0, houses, CHUNK):
        count = min(CHUNK, houses - first)
        values = snapshot(specs, first, count, number, seed)
        event = observed_at(first, count, number, seed)
        created = event + int(KNOWN_AFTER.total_seconds() * 1e6)
        yield pa.table(
            {
                "house_id": np.arange(first, first + count, dtype=np.int64),
                "event_timestamp": pa.array(event, pa.int64()).cast(kind),
                "created_timestamp": pa.array(created, pa.int64()).cast(kind),
                **{spec.name: values[:, column] for column, spec in enumerate(specs)},
            }
        )


def write_history(folder: Path, specs: Sequence[FeatureSpec], houses: int, snapshots: int, seed: int) -> int:
    """The rows that were written into the folder, which takes the place of a feature view's parquet file."""
    folder.mkdir(parents=True)
    rows = 0
    for number in range(snapshots):
        name = f"part-{number + 1:010d}-{number + 1:010d}.parquet"
        writer: pq.ParquetWriter | None = None
        for table in tables(specs, houses, number, seed):
            writer = writer or pq.ParquetWriter(folder / name, table.schema)
            writer.write_table(table, row_group_size=122_880)  # DuckDB's own size of a group
            rows += table.num_rows
        if writer:
            writer.close()
    return rows


def spine(houses: int, snapshots: int, seed: int) -> pd.DataFrame:
    """One row a house, shuffled: `house_id` and a time between the first snapshot and the end of the last.

    So a house may not have been observed yet, and may have been observed several times since.
    """
    chance = np.random.default_rng([seed, 2])
    span = int(snapshots * APART.total_seconds() * 1e6)
    times = chance.integers(span, size=houses, dtype=np.int64) + int(FIRST.timestamp() * 1e6)
    return pd.DataFrame(
        {
            "house_id": chance.permutation(houses).astype(np.int64),
            "event_timestamp": pd.to_datetime(times, unit="us", utc=True).astype("datetime64[us, UTC]"),
        }
    )
