"""The step that leaves the drift report, and hands the verdict to the service."""

from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, step
from zenml.types import HTMLString

from serving.bundle import REFERENCE_PROFILE
from serving.files import write_atomically
from serving.records.drift import VERDICT
from serving.settings import Settings, read_settings
from steps.collect_profiles import open_store
from steps.core.drift_page import drift_page
from steps.core.drift_verdict import DriftVerdict
from steps.core.sketches import read_sketches
from steps.find_champion import Champion
from steps.models.registry import read_version


@step(enable_cache=False)
def drift_report(
    champion: Champion, verdict: DriftVerdict, traffic_profile: bytes, hourly: pd.DataFrame
) -> Annotated[HTMLString, ArtifactConfig(name="drift_report")]:
    """The page; from now on the service answers `/drift` with the verdict."""
    settings = read_settings()
    hand_over(verdict, settings)
    reference = read_sketches(read_version(settings, champion.version).files[REFERENCE_PROFILE])
    current = read_sketches(traffic_profile) if traffic_profile else {}
    return HTMLString(drift_page(verdict, reference, current, hourly, champion.unit))


def hand_over(verdict: DriftVerdict, settings: Settings) -> None:
    """Put the verdict where the service finds it: into this machine's profiles, and into the store of all machines."""
    data = verdict.model_dump_json(indent=1).encode() + b"\n"
    write_atomically(settings.profiles_dir / VERDICT, data)
    if settings.profile_store:
        open_store(settings).write(VERDICT, data)
