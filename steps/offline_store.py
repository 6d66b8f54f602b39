"""The parquet history of the houses, as the Feast offline store reads it."""

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from serving.contract import HOUSE_FEATURES, HOUSE_TARGET
from serving.files import replace_file
from steps.core.errors import ConfigurationError, DataError
from steps.core.fingerprint import HOUSE_ID
from steps.core.publication import CREATED, EVENT

VIEWS = (HOUSE_FEATURES, HOUSE_TARGET)


def history_path(offline_dir: str, view: str) -> Path:
    """The file of a feature view.

    Raises:
        ConfigurationError: the place is no local folder.
    """
    if "://" in offline_dir:
        raise ConfigurationError(
            f"HPP_OFFLINE_DIR is {offline_dir!r}; publishing writes to a local folder only, so far."
        )
    return Path(offline_dir) / f"{view}.parquet"


def read_history(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Every observation of a view; none, with the right types, if there is no file yet.

    Raises:
        DataError: the file is not what publishing writes.
    """
    wanted = [HOUSE_ID, EVENT, CREATED, *columns]
    if not path.exists():
        times = {EVENT: "datetime64[us, UTC]", CREATED: "datetime64[us, UTC]"}
        types = {HOUSE_ID: "int64", **times, **dict.fromkeys(columns, "Float64")}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    try:
        stored = pd.read_parquet(path)
    except (OSError, ValueError) as err:
        raise DataError(f"{path} is no readable parquet file: {err}. Restore it from a copy.") from err
    if missing := [name for name in wanted if name not in stored]:
        # A feature that was added to the contract since: no observation has it so far.
        stored = stored.assign(**{name: pd.Series(pd.NA, stored.index, "Float64") for name in missing})
    return stored[wanted].astype(dict.fromkeys(columns, "Float64"))


def write_history(path: Path, history: pd.DataFrame) -> None:
    """Put the history in the place of what the file held, at once."""
    replace_file(path, lambda unfinished: history.to_parquet(unfinished, index=False))


@contextlib.contextmanager
def only_writer(offline_dir: str) -> Iterator[None]:
    """Hold back every other run that wants to append, so that none loses what another one added."""
    folder = history_path(offline_dir, HOUSE_FEATURES).parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for unfinished in folder.glob(".*.parquet.*"):  # of a run that was killed while it wrote
            unfinished.unlink()
        yield
