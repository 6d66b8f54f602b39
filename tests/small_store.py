"""A Feast store with one small view of houses, whose rows a test writes by hand, on any offline store."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.repo_config import RepoConfig
from feast.types import Float64

from steps.feature_store.history_parts import append, recover

OURS, DUCKDB, DASK = "steps.feature_store.asof_store.AsofOfflineStore", "duckdb", "dask"
STORES = (OURS, DUCKDB, DASK)
RM = ["houses:RM"]


def day(number: float) -> pd.Timestamp:
    """A day of January 2026, UTC; 1.5 is noon of the first."""
    return pd.Timestamp(datetime(2025, 12, 31), tz="UTC") + pd.Timedelta(days=number)


def open_store(folder: Path, kind: str = OURS, ttl_days: float = 0) -> FeatureStore:
    """A store on the folder with the view `houses` of RM and AGE by `house_id`."""
    config = RepoConfig(
        project="small",
        provider="local",
        registry={"registry_type": "sql", "path": f"sqlite:///{folder}/registry.db"},
        online_store={"type": "sqlite", "path": str(folder / "online.db")},
        offline_store={"type": kind},
        entity_key_serialization_version=3,
        repo_path=str(folder),
    )
    store = FeatureStore(config=config)
    house = Entity(name="house", join_keys=["house_id"], value_type=ValueType.INT64)
    source = FileSource(
        name="houses",
        path=str(history(folder)),
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
    )
    schema = [Field(name="RM", dtype=Float64), Field(name="AGE", dtype=Float64)]
    view = FeatureView(name="houses", entities=[house], ttl=timedelta(days=ttl_days), schema=schema, source=source)
    store.apply([house, view])
    return store


def history(folder: Path) -> Path:
    return folder / "houses.parquet"


def rows(*observations: tuple[int, float, float, float | None]) -> pd.DataFrame:
    """Observations: the house, the day for which it holds, the day on which it was written, RM; AGE is ten times RM."""
    frame = pd.DataFrame(list(observations), columns=["house_id", "event", "created", "RM"])
    return pd.DataFrame(
        {
            "house_id": frame["house_id"].astype("int64"),
            "event_timestamp": [day(event) for event in frame["event"]],
            "created_timestamp": [day(created) for created in frame["created"]],
            "RM": frame["RM"].astype("Float64"),
            "AGE": (frame["RM"] * 10).astype("Float64"),
        }
    ).astype(dict.fromkeys(("event_timestamp", "created_timestamp"), "datetime64[us, UTC]"))


def write(folder: Path, *observations: tuple[int, float, float, float | None]) -> None:
    """Append observations as one part."""
    recover(folder)
    append(history(folder), pa.Table.from_pandas(rows(*observations), preserve_index=False))


def asked(*questions: tuple[int, float]) -> pd.DataFrame:
    """A question: the house and the day."""
    houses, days = zip(*questions, strict=True)
    return pd.DataFrame({"house_id": list(houses), "event_timestamp": [day(number) for number in days]})


def seen(frame: pd.DataFrame, column: str = "RM") -> list[float | None]:
    """A column with None where the value is missing."""
    return [None if pd.isna(value) else float(value) for value in frame[column]]
