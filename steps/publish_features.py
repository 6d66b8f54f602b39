"""The step that appends what is new to the offline store."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from zenml import ArtifactConfig, log_metadata, step

from serving.contract import HOUSE_FEATURES, HOUSE_TARGET
from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.core.fingerprint import HOUSE_ID, fingerprint
from steps.core.publication import CREATED, EVENT, append, latest, news, observed, stamp
from steps.feature_store.offline_store import append_history, history_path, only_writer, read_history
from steps.tracking.run_facts import describe_run


class Publication(BaseModel):
    """How observations get their times.

    Attributes:
        target_lag_days: how long before its price became known a house was observed, in days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target_lag_days: float = Field(ge=0)


class PublicationReport(BaseModel):
    """What publishing did.

    Attributes:
        new_features, new_prices: observations that were appended.
        unchanged: houses of this data set that were stored already as they are.
        absent: stored houses that this data set lacks; they stay.
        houses: houses in the store now.
        observed_until: the time of the newest observation, ISO 8601, UTC.
        fingerprint: of the data set that was published.
    """

    new_features: int
    new_prices: int
    unchanged: int
    absent: int
    houses: int
    observed_until: str
    fingerprint: str


@step(enable_cache=False, output_materializers=PageMaterializer)
def publish_features(
    houses: pd.DataFrame, publication: Publication
) -> Annotated[PublicationReport, ArtifactConfig(name="publication_report")]:
    """What was appended; nothing at all if every house is stored as it is."""
    report = publish(houses, publication, read_settings(), datetime.now(UTC))
    log_metadata(metadata=report.model_dump(), infer_artifact=True)
    describe_run(
        rows=len(houses),
        refused_rows=0,
        fingerprint=report.fingerprint,
        new_features=report.new_features,
        new_prices=report.new_prices,
    )
    return report


def publish(houses: pd.DataFrame, publication: Publication, settings: Settings, now: datetime) -> PublicationReport:
    """What was appended, given the time at which the prices became known."""
    store = settings.feature_store()
    columns = {
        view: [field.name for field in store.get_feature_view(view).features] for view in (HOUSE_FEATURES, HOUSE_TARGET)
    }
    times = {HOUSE_FEATURES: now - timedelta(days=publication.target_lag_days), HOUSE_TARGET: now}
    histories, added = {}, {}
    with only_writer(settings.offline_dir):
        for view, names in columns.items():
            stored = read_history(history_path(settings.offline_dir, view), names)
            newest = stored[CREATED].max().to_pydatetime() if len(stored) else None
            added[view] = observed(news(stored, houses, names), times[view], stamp(now, newest))
            histories[view] = append(stored, added[view])
        for view, rows in added.items():
            if len(rows):
                append_history(history_path(settings.offline_dir, view), rows)
    last = latest(histories[HOUSE_FEATURES])
    return PublicationReport(
        new_features=len(added[HOUSE_FEATURES]),
        new_prices=len(added[HOUSE_TARGET]),
        unchanged=len(houses) - len(added[HOUSE_FEATURES]),
        absent=int((~last[HOUSE_ID].isin(houses[HOUSE_ID])).sum()),
        houses=len(last),
        observed_until=last[EVENT].max().isoformat(),
        fingerprint=fingerprint(houses),
    )
