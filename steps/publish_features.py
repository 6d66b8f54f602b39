"""The step that appends what is new to the offline store and brings the online store up to it."""

import contextlib
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from zenml import ArtifactConfig, log_metadata, step

from serving.contract import HOUSE_FEATURES, HOUSE_TARGET
from serving.settings import Settings, read_settings
from steps.core.errors import DataError
from steps.core.fingerprint import HOUSE_ID, fingerprint
from steps.core.publication import EVENT, append, latest, news, observed, same_values
from steps.offline_store import history_path, only_writer, read_history, write_history

if TYPE_CHECKING:
    from feast import FeatureStore


class Publication(BaseModel):
    """How observations get their times, and how the online store is checked.

    Attributes:
        target_lag_days: how long before its price became known a house was observed, in days.
        verified_houses: how many houses, the newest first, are looked up online after publishing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target_lag_days: float = Field(ge=0)
    verified_houses: int = Field(ge=1)


class PublicationReport(BaseModel):
    """What publishing did.

    Attributes:
        new_features, new_prices: observations that were appended.
        unchanged: houses of this data set that were stored already as they are.
        absent: stored houses that this data set lacks; they stay.
        houses: houses in the store now.
        materialized: whether the online store was written.
        observed_until: the time of the newest observation, ISO 8601, UTC.
        fingerprint: of the data set that was published.
    """

    new_features: int
    new_prices: int
    unchanged: int
    absent: int
    houses: int
    materialized: bool
    observed_until: str
    fingerprint: str


@step(enable_cache=False)
def publish_features(
    houses: pd.DataFrame, publication: Publication
) -> Annotated[PublicationReport, ArtifactConfig(name="publication_report")]:
    """What was appended and materialized; nothing at all if every house is stored as it is."""
    report = publish(houses, publication, read_settings(), datetime.now(UTC))
    log_metadata(metadata=report.model_dump(), infer_artifact=True)
    return report


def publish(houses: pd.DataFrame, publication: Publication, settings: Settings, now: datetime) -> PublicationReport:
    """What was appended and materialized, given the time at which the prices became known."""
    store = settings.feature_store()
    columns = {
        view: [field.name for field in store.get_feature_view(view).features] for view in (HOUSE_FEATURES, HOUSE_TARGET)
    }
    times = {HOUSE_FEATURES: now - timedelta(days=publication.target_lag_days), HOUSE_TARGET: now}
    histories, added = {}, {}
    with only_writer(settings.offline_dir):
        for view, names in columns.items():
            stored = read_history(history_path(settings.offline_dir, view), names)
            added[view] = observed(news(stored, houses, names), times[view], now)
            histories[view] = append(stored, added[view])
        for view, history in histories.items():
            if len(added[view]):
                write_history(history_path(settings.offline_dir, view), history)
    last = latest(histories[HOUSE_FEATURES])
    return PublicationReport(
        new_features=len(added[HOUSE_FEATURES]),
        new_prices=len(added[HOUSE_TARGET]),
        unchanged=len(houses) - len(added[HOUSE_FEATURES]),
        absent=int((~last[HOUSE_ID].isin(houses[HOUSE_ID])).sum()),
        houses=len(last),
        materialized=bring_online(store, last, columns[HOUSE_FEATURES], publication.verified_houses),
        observed_until=last[EVENT].max().isoformat(),
        fingerprint=fingerprint(houses),
    )


def bring_online(store: "FeatureStore", last: pd.DataFrame, columns: list[str], n_verified: int) -> bool:
    """Whether the online store had to be written to hold the last observation of every house.

    Feast's incremental materialization would not do: it takes what was observed after its last run, and a house is
    observed before its price is known. A run that died before materializing, or a lost online store, is mended here.

    Args:
        last: the last observation of every house.

    Raises:
        DataError: the online store does not hold what was written to it.
    """
    checked = last.sort_values(EVENT).tail(n_verified)
    until = store.get_feature_view(HOUSE_FEATURES).most_recent_end_time
    unseen = last if until is None else last[last[EVENT] > pd.Timestamp(until)]
    written = False
    for rows in (unseen, last):  # all of them only if what the registry knows is not what the store holds
        if len(rows):
            _materialize(store, rows)
            written = True
        stale = _stale(store, checked, columns)
        if stale.empty:
            return written
    raise DataError(
        f"The online store lacks {len(stale)} of the {len(checked)} houses that were looked up after materializing, "
        f"first house_id {stale.iloc[0]}. Check HPP_ONLINE_STORE, and run again."
    )


def _materialize(store: "FeatureStore", rows: pd.DataFrame) -> None:
    # Feast prints progress bars.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        store.materialize(rows[EVENT].min().to_pydatetime(), rows[EVENT].max().to_pydatetime(), [HOUSE_FEATURES])


def _stale(store: "FeatureStore", rows: pd.DataFrame, columns: list[str]) -> "pd.Series[int]":
    """The ids of the houses that the online store does not hold as the offline store does."""
    online = store.get_online_features(
        features=[f"{HOUSE_FEATURES}:{name}" for name in columns],
        entity_rows=[{HOUSE_ID: int(house)} for house in rows[HOUSE_ID]],
    ).to_df()
    return rows.loc[~same_values(rows, online.set_index(rows.index), columns), HOUSE_ID]
