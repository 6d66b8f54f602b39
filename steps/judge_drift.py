"""The step that says whether a window of traffic is what the model was trained on."""

from typing import Annotated

from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger

from serving.bundle import REFERENCE_PROFILE
from serving.settings import Settings, read_settings
from steps.core.drift import DriftSettings, judge
from steps.core.drift_verdict import DriftVerdict, Window
from steps.core.sketches import read_sketches
from steps.find_champion import Champion
from steps.models.registry import read_version

logger = get_logger(__name__)


@step(enable_cache=False)
def judge_drift(
    champion: Champion, window: Window, traffic_profile: bytes, drift: DriftSettings
) -> Annotated[DriftVerdict, ArtifactConfig(name="drift_judgement")]:
    """The verdict on the window, without its root cause."""
    verdict = judge_traffic(champion, window, traffic_profile, drift, read_settings())
    logger.info("Drift: %s. %s", verdict.status, verdict.reason)
    log_metadata(metadata={"status": verdict.status, "reason": verdict.reason}, infer_artifact=True)
    return verdict


def judge_traffic(
    champion: Champion, window: Window, profile: bytes, wanted: DriftSettings, settings: Settings
) -> DriftVerdict:
    """The verdict by the reference profile in the champion's bundle.

    Args:
        profile: of the window; empty if nothing was served.

    Raises:
        BundleError: the champion's bundle is missing or damaged.
    """
    bundle = read_version(settings, champion.version)
    reference = read_sketches(bundle.files[REFERENCE_PROFILE])
    current = read_sketches(profile) if profile else {}
    return judge(reference, current, champion.features, bundle.metadata.target, window, wanted)
