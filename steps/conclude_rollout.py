"""The step that draws the conclusion of a rollout: a better challenger becomes champion, a bad one is no challenger.

    python -m steps.conclude_rollout

The service ends a bad rollout by itself and at once; this is for the model registry, and for promotion. Killed at any
point, the next one goes on where it ended.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict
from zenml import log_metadata, step
from zenml.logger import get_logger

from serving.bundle import read_metadata
from serving.errors import ServingError
from serving.rollouts.state import Rollout as Trial
from serving.rollouts.state import folder_of, read_rollout
from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.check_parity import parameters
from steps.core.errors import PlatformError
from steps.core.sampling import Sample
from steps.deploy_model import deploy
from steps.deployment.deployed import Rollout
from steps.find_champion import from_metadata
from steps.models.registry import bundle_folder, version_under
from steps.predict_offline import predict_houses
from steps.tracking.runs import ALIAS, CHALLENGER, MODEL, mlflow_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = get_logger(__name__)
VERDICT = "rollout"  # the tag of a version that was tried: how it ended


class Conclusion(BaseModel):
    """What became of the challenger.

    Attributes:
        action: `none`: none was tried. `going on`: the evidence is not decisive. `promoted`: it serves as champion.
            `withdrawn`: it was rolled back or stopped, or ended undecided, and is no challenger any more.
    """

    action: Literal["none", "going on", "promoted", "withdrawn"]
    version: str | None = None
    champion: str | None = None
    reason: str = ""


class DeploymentFile(BaseModel):
    """Where it is written how a version is put in place.

    Attributes:
        config: of the deployment pipeline, in this project.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: str


@step(enable_cache=False, output_materializers=PageMaterializer)
def conclude_rollout(deployment: DeploymentFile) -> Annotated[Conclusion, "rollout_conclusion"]:
    """What became of the challenger that is tried, or was tried last."""
    settings = read_settings()
    conclusion = conclude(*parameters(settings.root / deployment.config), settings)
    logger.info("Rollout: %s", in_words(conclusion))
    log_metadata(metadata=conclusion.model_dump(exclude_none=True), infer_artifact=True)
    return conclusion


def conclude(rollout: Rollout, verified_houses: Sample, settings: Settings) -> Conclusion:
    """What became of the challenger; it is served as champion if the evidence says that it is better.

    Args:
        rollout: how a version is put in place.

    Raises:
        DeploymentError: the challenger did not start or answers otherwise than offline; the champion stays.
    """
    tried = read_rollout(folder_of(settings.profiles_dir))
    if tried is None:
        return Conclusion(action="none")
    if tried.status == "running":
        return _conclusion("going on", tried)
    client = mlflow_client()
    if tried.status in ("rolled_back", "stopped", "undecided"):
        _withdraw(client, tried)
        return _conclusion("withdrawn", tried)
    if tried.active:
        _promote(client, tried, rollout, verified_houses, settings)
    return _conclusion("promoted", tried)


def _promote(
    client: "MlflowClient", tried: Trial, rollout: Rollout, verified_houses: Sample, settings: Settings
) -> None:
    """The alias goes first: killed after it, the next deployment serves the new champion all the same."""
    folder = bundle_folder(settings, tried.challenger)
    challenger = from_metadata(read_metadata(folder), folder)
    before = version_under(client, ALIAS)
    client.set_registered_model_alias(MODEL, ALIAS, tried.challenger)
    try:
        expected = predict_houses(challenger, verified_houses, settings)
        deploy(challenger, expected, rollout.model_copy(update={"mode": "replace"}), settings)
    except (PlatformError, ServingError):
        if before is not None:
            client.set_registered_model_alias(MODEL, ALIAS, before)
        raise
    client.set_model_version_tag(MODEL, tried.challenger, VERDICT, f"promoted: {tried.reason}")
    end_challenge(client, tried.challenger)


def _withdraw(client: "MlflowClient", tried: Trial) -> None:
    if version_under(client, CHALLENGER) == tried.challenger:
        client.set_model_version_tag(MODEL, tried.challenger, VERDICT, f"{tried.status}: {tried.reason}")
        end_challenge(client, tried.challenger)


def end_challenge(client: "MlflowClient", version: str) -> None:
    """The version is no challenger any more, if it was."""
    if version_under(client, CHALLENGER) == version:
        client.delete_registered_model_alias(MODEL, CHALLENGER)


def _conclusion(action: Literal["going on", "promoted", "withdrawn"], tried: Trial) -> Conclusion:
    return Conclusion(action=action, version=tried.challenger, champion=tried.champion, reason=tried.reason)


def in_words(conclusion: Conclusion) -> str:
    """The conclusion in one sentence."""
    if conclusion.action == "none":
        return "No challenger was tried."
    words = {"going on": "is still tried", "promoted": "is champion", "withdrawn": "is no challenger any more"}
    because = f": {conclusion.reason}" if conclusion.reason else ""
    return f"Version {conclusion.version} {words[conclusion.action]}{because}."


def main() -> int:
    """The exit code: 0, or 1 if the challenger could not be promoted."""
    settings = read_settings()
    try:
        found = conclude(*parameters(settings.config / "deployment.yaml"), settings)
    except (PlatformError, ServingError) as err:
        sys.stderr.write(f"{err}\n")
        return 1
    sys.stdout.write(in_words(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
