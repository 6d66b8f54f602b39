"""What the offline benchmark measures, one subject a process: `python -m benchmarks.offline_subjects NAME FOLDER`.

Each answers the same: a pandas frame of the question's rows with thirteen features, joined point-in-time. The process
prints its seconds, processor time and memory as JSON. `raw` subjects have no Feast, no order, no ties and no ttl.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pandas as pd
import psutil

from benchmarks.generated_houses import spine
from serving.contract import HOUSE_FEATURES

OURS, DUCKDB, DASK = "this store", "Feast, DuckDB", "Feast, Dask"
RAW, MERGE = "DuckDB ASOF JOIN", "pandas merge_asof"
TYPES = {OURS: "steps.feature_store.asof_store.AsofOfflineStore", DUCKDB: "duckdb", DASK: "file"}


class Measured(msgspec.Struct):
    """One question: seconds, processor seconds, memory in MB of 10^6 bytes at its greatest and before, and rows."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    base_mb: float
    rows: int


def feast_join(name: str, folder: Path, asked: pd.DataFrame, features: list[str]) -> Callable[[], pd.DataFrame]:
    """The question to a Feast store whose view is the contract's, on the generated history."""
    from datetime import timedelta

    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
    from feast.repo_config import RepoConfig
    from feast.types import Float64

    registry = folder / f"{TYPES[name]}.db"
    config = RepoConfig(
        project="benchmark",
        provider="local",
        registry={"registry_type": "sql", "path": f"sqlite:///{registry}"},
        online_store={"type": "sqlite", "path": str(folder / "online.db")},
        offline_store={"type": TYPES[name]},
        entity_key_serialization_version=3,
        repo_path=str(folder),
    )
    store = FeatureStore(config=config)
    house = Entity(name="house", join_keys=["house_id"], value_type=ValueType.INT64)
    source = FileSource(
        path=str(folder / f"{HOUSE_FEATURES}.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
    )
    schema = [Field(name=feature, dtype=Float64) for feature in features]
    view = FeatureView(name=HOUSE_FEATURES, entities=[house], ttl=timedelta(days=365), schema=schema, source=source)
    store.apply([house, view])
    if name == OURS:  # as the other stores' parts, which Feast imports with them
        import steps.feature_store.asof_question  # noqa: F401
    references = [f"{HOUSE_FEATURES}:{feature}" for feature in features]
    return lambda: store.get_historical_features(entity_df=asked, features=references).to_df()


def raw_join(folder: Path, asked: pd.DataFrame, features: list[str]) -> Callable[[], pd.DataFrame]:
    """DuckDB's own join straight on the parquet files."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    connection.register("asked", asked)
    columns = ", ".join(f'f."{feature}"' for feature in features)
    files = folder / f"{HOUSE_FEATURES}.parquet" / "*.parquet"
    query = (
        f"SELECT a.house_id, a.event_timestamp, {columns} FROM asked a "  # noqa: S608  # all of it is our own
        f"ASOF LEFT JOIN read_parquet('{files}') f "
        "ON a.house_id = f.house_id AND a.event_timestamp >= f.event_timestamp"
    )
    return lambda: connection.sql(query).df()


def merge_join(folder: Path, asked: pd.DataFrame, features: list[str]) -> Callable[[], pd.DataFrame]:
    """What one writes by hand with pandas."""

    def join() -> pd.DataFrame:
        columns = ["house_id", "event_timestamp", *features]
        history = pd.read_parquet(folder / f"{HOUSE_FEATURES}.parquet", columns=columns)
        left, right = asked.sort_values("event_timestamp"), history.sort_values("event_timestamp")
        return pd.merge_asof(left, right, on="event_timestamp", by="house_id")

    return join


def measure(name: str, folder: Path, features: list[str], houses: int, snapshots: int, seed: int) -> Measured:
    """The first answer of this process."""
    asked = spine(houses, snapshots, seed)
    make = {RAW: raw_join, MERGE: merge_join}.get(name)
    join = make(folder, asked, features) if make else feast_join(name, folder, asked, features)
    base = psutil.Process().memory_info().rss / 1e6
    started, cpu = time.perf_counter(), time.process_time()
    rows = len(join())
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Measured(seconds, cpu_seconds, peak, base, rows)


def main() -> None:
    """Measure what the command line names."""
    name, folder, houses, snapshots, seed, *features = sys.argv[1:]
    result = measure(name, Path(folder), features, int(houses), int(snapshots), int(seed))
    sys.stderr.flush()
    sys.stdout.write("\n" + msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
