"""The step that brings together what was profiled of a model version's traffic, on all machines."""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger

from serving.records.profile_store import ProfileStore
from serving.records.profile_views import merged
from serving.settings import Settings, read_settings
from steps.artifacts.byte_materializers import ProfileMaterializer
from steps.artifacts.materializers import FrameMaterializer
from steps.artifacts.page_materializer import PageMaterializer
from steps.core.drift import distinct_rows
from steps.core.drift_verdict import Window
from steps.core.judged_window import WindowSettings, ends, enough_hours, recent_hours
from steps.core.sketches import sketches_of
from steps.find_champion import Champion

logger = get_logger(__name__)


class Traffic(NamedTuple):
    """What was profiled of the newest hours.

    Attributes:
        hours: of the window, the oldest first.
        profile: the window's merged whylogs profile; empty if nothing was served.
        hourly: `rows`, `missing`, `mean` and `sd` by `hour` and `column`, of all recent hours, the oldest first.
    """

    window: Window
    hours: list[str]
    profile: bytes
    hourly: pd.DataFrame


@step(
    enable_cache=False,
    output_materializers={
        "window": PageMaterializer,
        "traffic_profile": ProfileMaterializer,
        "hourly": FrameMaterializer,
    },
)
def collect_profiles(
    champion: Champion, window: WindowSettings
) -> tuple[
    Annotated[Window, ArtifactConfig(name="window")],
    Annotated[list[str], ArtifactConfig(name="judged_hours")],
    Annotated[bytes, ArtifactConfig(name="traffic_profile")],
    Annotated[pd.DataFrame, ArtifactConfig(name="hourly")],
]:
    """The window and its hours, its merged profile (empty if nothing was served), and each recent hour's figures."""
    seen, hours, profile, hourly = collect(champion, window, read_settings(), datetime.now(UTC))
    logger.info("Version %s: rows %d, hours with traffic %d", seen.version, seen.rows, seen.hours)
    log_metadata(metadata=seen.model_dump(), artifact_name="window", infer_artifact=True)
    return seen, hours, profile, hourly


def collect(champion: Champion, wanted: WindowSettings, settings: Settings, now: datetime) -> Traffic:
    """What was profiled of the champion's traffic.

    Raises:
        StoreError: the store of the profiles cannot be read.
    """
    store = open_store(settings)
    views = {}
    for hour in recent_hours(store.hours(champion.version), wanted, now):
        if (view := store.read_hour(champion.version, hour)) is not None and view.get_columns():
            views[hour] = view
    hourly = [
        (hour, name, one.rows, one.missing, one.mean, one.sd)
        for hour in sorted(views)
        for name, one in sketches_of(views[hour]).items()
    ]
    table = pd.DataFrame(hourly, columns=["hour", "column", "rows", "missing", "mean", "sd"])
    rows = {str(hour): int(count) for hour, count in table.groupby("hour")["rows"].max().items()}
    hours = enough_hours(rows, wanted)
    profile = merged(views[hour] for hour in hours)
    start, end = ends(hours, now)
    window = Window(
        model=champion.name,
        version=champion.version,
        start=start,
        end=end,
        hours=len(hours),
        rows=sum(rows[hour] for hour in hours),
        distinct=0 if profile is None else distinct_rows(sketches_of(profile)),
    )
    return Traffic(window, hours, b"" if profile is None else bytes(profile.serialize()), table)


def open_store(settings: Settings) -> ProfileStore:
    """The profiles of all machines, where a store is set; else this machine's."""
    return ProfileStore(settings.profile_store or str(settings.profiles_dir))
