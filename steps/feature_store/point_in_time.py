"""The one way to a training set: a point-in-time question to any offline store, and what became of its rows.

Our own store tells when each value had been observed. Of any other one the answer is put in order and held against the
history, which our join reads beside it, as long as that is in local files.
"""

import contextlib
import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps.core.errors import ConfigurationError
from steps.core.fingerprint import HOUSE_ID
from steps.core.point_in_time import PointInTimeReport, check_no_future, check_values, numbered, restored, some
from steps.core.publication import EVENT

if TYPE_CHECKING:
    from feast import FeatureService, FeatureStore

    from steps.feature_store.asof_join import Observation

NONE_OF_IT = {"lost": 0, "doubled": 0, "reordered": 0}


class PointInTime(NamedTuple):
    """The answer: a row for each of the question, in its order.

    Attributes:
        rows: the question's columns, then the features.
        expired, never_observed: (n_rows,) of which rows some view has only expired values, or none at all.
        observed: of each view, when what every row got had been observed; NaT where it got nothing.
    """

    rows: pd.DataFrame
    report: PointInTimeReport
    expired: NDArray[np.bool_]
    never_observed: NDArray[np.bool_]
    observed: dict[str, NDArray[np.datetime64]]


def point_in_time(
    store: "FeatureStore", features: "FeatureService | list[str]", asked: pd.DataFrame, as_of: datetime | None = None
) -> PointInTime:
    """What was known of each row at its time.

    Args:
        asked: `house_id`, `event_timestamp`, and what on-demand views want to be given.
        as_of: nothing that was written later counts.

    Raises:
        DataError: the future leaks in, or the store's answer is not what its history says.
        ConfigurationError: `as_of` is asked of a store that cannot.
    """
    from steps.feature_store.asof_jobs import AsofJob

    with _quiet():
        job = store.get_historical_features(entity_df=asked, features=features)
        if isinstance(job, AsofJob):
            answer, observations = _ours(job, as_of)
            counts = NONE_OF_IT
        elif as_of is not None:
            raise ConfigurationError(
                f"training_set.as_of is {as_of.isoformat()}, which Feast's {store.config.offline_store.type} store "
                "cannot do. Set HPP_OFFLINE_STORE to {type: steps.feature_store.asof_store.AsofOfflineStore}."
            )
        else:
            answer, observations, counts = _theirs(store, features, asked)
    limit = pd.to_datetime(asked[EVENT], utc=True).to_numpy("datetime64[us]")
    check_no_future({one.view: one.times for one in observations}, limit, asked, HOUSE_ID)
    return _told(answer, observations, counts, as_of)


def _ours(job: Any, as_of: datetime | None) -> "tuple[pd.DataFrame, Sequence[Observation]]":
    answer = (job if as_of is None else job.as_known_at(as_of)).to_df()
    return answer, job.observations


def _theirs(
    store: "FeatureStore", features: "FeatureService | list[str]", asked: pd.DataFrame
) -> "tuple[pd.DataFrame, Sequence[Observation], dict[str, int]]":
    """The answer of another store in order, checked, and what our join finds in the history."""
    different, places = numbered(asked)
    # Feast's DuckDB store refuses times between two microseconds; the history has nothing in between.
    times = pd.to_datetime(different[EVENT], utc=True).dt.floor("us").astype("datetime64[us, UTC]")
    found = store.get_historical_features(entity_df=different.assign(**{EVENT: times}), features=features).to_df()
    answer, counts = restored(found, different, places)
    beside = _beside(store, features, asked)
    if beside is None:
        return answer, (), counts
    expected = beside.to_df()
    names = [name for name in expected.columns if name not in asked.columns]
    check_values(answer, expected, names, HOUSE_ID)
    return answer, beside.observations, counts


def _beside(store: "FeatureStore", features: "FeatureService | list[str]", asked: pd.DataFrame) -> Any:
    """Our own job for the same question; None if the history is not in local files."""
    from feast.repo_config import RepoConfig

    from steps.feature_store.asof_store import AsofOfflineStoreConfig

    config = RepoConfig(**{**store.config.model_dump(by_alias=True), "offline_store": dict(AsofOfflineStoreConfig())})
    config.repo_path = store.config.repo_path
    ours = type(store)(config=config)
    with contextlib.suppress(ConfigurationError):
        return ours.get_historical_features(entity_df=asked, features=features)
    return None


def _told(
    answer: pd.DataFrame, observations: "Sequence[Observation]", counts: dict[str, int], as_of: datetime | None
) -> PointInTime:
    expired, never = np.zeros(len(answer), dtype=np.bool_), np.zeros(len(answer), dtype=np.bool_)
    for one in observations:
        expired |= one.expired
        never |= np.isnat(one.times)
    report = PointInTimeReport(
        rows=len(answer),
        lost=counts["lost"],
        doubled=counts["doubled"],
        reordered=bool(counts["reordered"]),
        expired=int(expired.sum()),
        never_observed=int(never.sum()),
        as_of=as_of.isoformat() if as_of else None,
        expired_houses=some(answer[HOUSE_ID], expired),
        never_observed_houses=some(answer[HOUSE_ID], never),
        first_time=answer[EVENT].min().isoformat(timespec="seconds") if len(answer) else None,
        last_time=answer[EVENT].max().isoformat(timespec="seconds") if len(answer) else None,
    )
    return PointInTime(answer, report, expired, never, {one.view: one.times for one in observations})


@contextlib.contextmanager
def _quiet() -> Any:
    # Feast prints progress.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
