"""The parquet history of the houses, as the Feast offline store reads it."""

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from serving.contract import HOUSE_FEATURES, HOUSE_TARGET
from serving.settings import read_settings
from steps.core.errors import ConfigurationError, DataError
from steps.core.fingerprint import HOUSE_ID
from steps.core.publication import CREATED, EVENT
from steps.feature_store import history_parts
from steps.feature_store.bucket_history import BucketHistory
from steps.feature_store.history_parts import History
from steps.feature_store.registry_lock import only_one

VIEWS = (HOUSE_FEATURES, HOUSE_TARGET)


def history_path(offline_dir: str, view: str) -> History:
    """The place of a feature view's history: parts in a folder or in a bucket, or one file (`history_parts`).

    Raises:
        ConfigurationError: the place is neither.
    """
    return history_at(f"{offline_dir.rstrip('/')}/{view}.parquet")


def history_at(place: str) -> History:
    """The history at a path, or at an address `s3://bucket/…`.

    Raises:
        ConfigurationError: the address is of another kind.
    """
    if place.startswith("s3://"):
        name = hashlib.sha256(place.encode()).hexdigest()[:16]
        return BucketHistory(place, read_settings().var_dir / "feast" / "copies" / name)
    if "://" in place:
        raise ConfigurationError(f"HPP_OFFLINE_DIR leads to {place!r}. Wanted a folder, or s3://bucket/folder.")
    return Path(place)


def read_history(path: History, columns: Sequence[str]) -> pd.DataFrame:
    """Every observation of a view; none, with the right types, if there is no file yet.

    Raises:
        DataError: the file is not what publishing writes.
    """
    wanted = [HOUSE_ID, EVENT, CREATED, *columns]
    files = history_parts.parts(path)
    if not files:
        times = {EVENT: "datetime64[us, UTC]", CREATED: "datetime64[us, UTC]"}
        types = {HOUSE_ID: "int64", **times, **dict.fromkeys(columns, "Float64")}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    try:
        there = pq.read_schema(files[0]).names
        stored = pd.concat(
            [pd.read_parquet(file, columns=[name for name in wanted if name in there]) for file in files],
            ignore_index=True,
        )
    except (OSError, ValueError) as err:
        raise DataError(f"{path} is no readable parquet file: {err}. Restore it from a copy.") from err
    if missing := [name for name in wanted if name not in stored]:
        # A feature that was added to the contract since: no observation has it so far.
        stored = stored.assign(**{name: pd.Series(pd.NA, stored.index, "Float64") for name in missing})
    return stored[wanted].astype(dict.fromkeys(columns, "Float64"))


def append_history(path: History, added: pd.DataFrame) -> None:
    """Put new observations behind those of the history, all or none; call it as the only writer."""
    history_parts.append(path, pa.Table.from_pandas(added, preserve_index=False))


def write_history(path: History, history: pd.DataFrame) -> None:
    """Put the history in the place of what there was, at once; call it as the only writer."""
    history_parts.replace(path, pa.Table.from_pandas(history, preserve_index=False))


@contextlib.contextmanager
def only_writer(offline_dir: str) -> Iterator[None]:
    """Hold back every other run that wants to append, so that none loses what another one added."""
    if "://" in offline_dir:
        with only_one(read_settings(), "feast offline"):
            yield
        return
    folder = Path(offline_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        history_parts.recover(folder)
        yield
