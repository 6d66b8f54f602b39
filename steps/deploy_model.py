"""The step that puts a version behind the service's port, or lets it be tried beside the one that is there."""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
from zenml import ArtifactConfig, log_metadata, step
from zenml.types import HTMLString

from serving import rollout as rollouts
from serving import service as services
from serving.errors import ServingError
from serving.process.processes import free_port
from serving.service import Service
from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.cluster.deployment import deploy_to_cluster
from steps.core.errors import DeploymentError
from steps.core.verified import Verification
from steps.deployment.deployed import Deployment, Rollout, Target
from steps.deployment.report import render
from steps.deployment.verification import standard_of, verify
from steps.find_champion import Champion
from steps.tracking.run_facts import describe_run

Check = Callable[[Service], Verification]


@step(enable_cache=False, output_materializers={"deployment": PageMaterializer})
def deploy_model(
    champion: Champion, expected: pd.DataFrame, rollout: Rollout, target: Target
) -> tuple[
    Annotated[Deployment, ArtifactConfig(name="deployment")],
    Annotated[HTMLString, ArtifactConfig(name="deployment_report")],
]:
    """What is served or tried now, and a page about it; if anything fails, what was served before is served on."""
    settings = read_settings()
    if target.place == "kubernetes":
        deployment = deploy_to_cluster(champion, expected, rollout, target, settings)
    else:
        act = deploy if rollout.mode == "replace" else try_beside
        deployment = act(champion, expected, rollout, settings)
    log_metadata(
        metadata=deployment.model_dump(mode="json", exclude_none=True),
        artifact_name="deployment",
        infer_artifact=True,
    )
    checked = deployment.live or deployment.candidate
    describe_run(version=deployment.version, action=deployment.action, rows=checked.by_house_id.rows if checked else 0)
    page = HTMLString(render(deployment))
    return deployment, page


def deploy(champion: Champion, expected: pd.DataFrame, rollout: Rollout, settings: Settings) -> Deployment:
    """What was done: the champion is served, and answers as the offline predictions.

    Args:
        expected: what `predict_houses` says of the champion.

    Raises:
        DeploymentError: the champion did not start or answers otherwise; the previous version is served on.
    """
    started = time.monotonic()
    try:
        with services.only_deployer(settings):
            check = partial(verify, standard=standard_of(champion, expected, rollout, settings))
            running = services.serving(settings)
            kept = _keep(running, champion, check)
            # With nothing to protect, the start on the port itself is the trial: a start takes seconds.
            candidate = _try_out(champion, check, rollout, settings) if running and not kept else None
            current, live = kept or _roll(champion, check, rollout, settings)
            rollouts.end_by_deployment(settings, champion.version)
    except ServingError as err:
        raise DeploymentError(f"Version {champion.version} of {champion.name} is not deployed. {err.info}") from err
    return Deployment(
        url=current.url,
        name=champion.name,
        version=champion.version,
        previous_version=running[-1].version if running else None,
        action="kept" if kept else "rolled" if running else "started",
        pid=current.pid,
        log=current.log,
        candidate=candidate,
        live=live,
        seconds=round(time.monotonic() - started, 1),
    )


def try_beside(challenger: Champion, expected: pd.DataFrame, rollout: Rollout, settings: Settings) -> Deployment:
    """What was done: the challenger answers as the offline predictions, and is tried beside the version that serves.

    Args:
        expected: what `predict_houses` says of the challenger.

    Raises:
        DeploymentError: it did not start or answers otherwise, nothing is served that it could be tried beside, or
            another one is being tried.
    """
    if rollout.mode == "replace":
        raise DeploymentError("Wanted the mode shadow or canary to try a version beside another; got replace.")
    started = time.monotonic()
    try:
        with services.only_deployer(settings):
            rules, bundle = rollouts.rules_of(settings), Path(challenger.bundle)
            rollouts.check_start(bundle, settings)
            check = partial(verify, standard=standard_of(challenger, expected, rollout, settings))
            candidate = _try_out(challenger, check, rollout, settings)
            rollouts.start(bundle, rollout.mode, rollout.share, rules, settings, "pipeline")
            (current,) = services.serving(settings)
    except ServingError as err:
        raise DeploymentError(f"Version {challenger.version} of {challenger.name} is not tried. {err.info}") from err
    return Deployment(
        url=current.url,
        name=challenger.name,
        version=challenger.version,
        previous_version=current.version,
        action=rollout.mode,
        pid=current.pid,
        log=current.log,
        candidate=candidate,
        live=None,
        seconds=round(time.monotonic() - started, 1),
    )


def _keep(running: list[Service], champion: Champion, check: Check) -> tuple[Service, Verification] | None:
    """The running service, if it is this version alone and answers rightly; None: it must be rolled."""
    if [(one.version, one.bundle) for one in running] != [(champion.version, champion.bundle)]:
        return None
    try:
        return running[0], check(running[0])
    except DeploymentError:
        return None


def _try_out(champion: Champion, check: Check, rollout: Rollout, settings: Settings) -> Verification:
    """How the version answers as a candidate on a port of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="candidate-", dir=settings.run_dir) as scratch:
        ports = {"rest_port": free_port(settings.host), "metrics_port": 0, "grpc_port": 0, "console_port": 0}
        apart = {**ports, "workers": 1, "profiles_dir": Path(scratch)}
        beside = settings.model_copy(update=apart)
        timeout_s = rollout.start_timeout_seconds
        candidate = services.start(Path(champion.bundle), beside, timeout_s, candidate=True)
        try:
            return check(candidate)
        finally:
            services.stop(candidate, settings)


def _roll(champion: Champion, check: Check, rollout: Rollout, settings: Settings) -> tuple[Service, Verification]:
    found: list[Verification] = []
    timeout_s = rollout.start_timeout_seconds
    current = services.roll(Path(champion.bundle), settings, lambda new: found.append(check(new)), timeout_s)
    return current, found[0]
