"""The two pipelines that a retraining runs, one after the other, each with its configuration and the cause."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import yaml
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.exceptions import EntityExistsError
from zenml.logger import get_logger

from pipelines import on_cluster
from pipelines.deployment import deployment_pipeline
from pipelines.ended import finished
from pipelines.training import training_pipeline
from serving.settings import Settings
from steps.core.cause import BY_HAND, Cause
from steps.core.errors import GateError
from steps.core.retrained import Outcome
from steps.core.retraining import RetrainingSettings
from steps.register import RegisteredModel
from steps.terminal.narrator import TOLD_ELSEWHERE
from steps.tracking.runs import ALIAS

logger = get_logger(__name__)
Place = Literal["local", "kubernetes"]
LONGEST_REASON = 600


def train(cause: Cause, name: str, wanted: RetrainingSettings, settings: Settings) -> Outcome:
    """What the training made: `registered` if it is a new version.

    Args:
        name: of ZenML's run.
    """
    changes = {"cause": cause.model_dump()}
    if wanted.deploy in ("canary", "shadow"):  # what is to be tried does not take the champion's alias before
        changes["promotion"] = {"trial": True}
    try:
        with configuration(settings.root / wanted.training, changes, wanted.place) as path:
            started = training_pipeline.with_options(config_path=path, run_name=name, tags=[cause.tag])
            run = finished(started())
    except EntityExistsError:
        reason = f"another process has just started {name}"
        return Outcome(ending="not started", cause=cause, reason=reason)
    except Exception as err:
        logger.exception("The training has failed", extra={TOLD_ELSEWHERE: True})
        return _failed(cause, name, err)
    if run.status != ExecutionStatus.COMPLETED:
        return _failed(cause, name, None)
    made: RegisteredModel = run.steps["register"].outputs["registered_model"][0].load()
    gate = run.steps["gate"].outputs["verdict"][0].load()
    ending = "registered" if made.is_new else "nothing new"
    reason = f"version {made.version} is {made.alias}: {gate.reason}"
    return Outcome(ending=ending, cause=cause, reason=reason, training_run=name, version=made.version, alias=made.alias)


def deploy(trained: Outcome, wanted: RetrainingSettings, settings: Settings) -> Outcome:
    """What became of the new version: it is tried beside the champion, or served.

    A version that has the champion's alias is served at once: there was none to try it beside, or none that its service
    can still serve (`promotion.trial`). One that has not is never served without a trial.
    """
    mode = "replace" if trained.alias == ALIAS else wanted.deploy
    if mode == "replace" and trained.alias != ALIAS:
        return trained
    changes: dict[str, dict[str, Any]] = {
        "model": {"alias": trained.alias},
        "rollout": {"mode": mode, "share": wanted.share},
    }
    failed = {"ending": "deployment failed", "deployment_run": f"{trained.training_run}-deployment"}
    try:
        with configuration(settings.root / wanted.deployment, changes, wanted.place) as path:
            tag = (trained.cause or BY_HAND).tag
            named = deployment_pipeline.with_options(config_path=path, run_name=failed["deployment_run"], tags=[tag])
            run = finished(named())
    except Exception as err:
        logger.exception("The deployment has failed", extra={TOLD_ELSEWHERE: True})
        return trained.model_copy(update=failed | {"reason": _short(err)})
    if run.status != ExecutionStatus.COMPLETED:
        return trained.model_copy(update=failed | {"reason": f"ZenML's run {run.name} is {run.status}"})
    ending = "served" if mode == "replace" else "tried"
    return trained.model_copy(update={"ending": ending, "deployment_run": run.name})


@contextmanager
def configuration(path: Path, changes: dict[str, dict[str, Any]], place: Place = "local") -> Iterator[str]:
    """The path of a configuration with changed parameters, as long as it is needed.

    ZenML takes no parameter from code that the file has, too.
    """
    if place == "kubernetes":
        document = on_cluster.configuration(path.stem, path.parent, os.environ)
    else:
        document = yaml.safe_load(path.read_text())
    for block, values in changes.items():
        document["parameters"][block] = document["parameters"].get(block, {}) | values
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / path.name
        # In the order of the file: ZenML takes the same search space in another order for another step's input.
        changed.write_text(yaml.safe_dump(document, sort_keys=False))
        yield str(changed)


def _failed(cause: Cause, name: str, err: Exception | None) -> Outcome:
    """By what ZenML has on record: an orchestrator far away raises no error of a step's."""
    found = Client().list_pipeline_runs(name=name, size=1, hydrate=True).items
    steps = found[0].steps if found else {}
    failed = [step for step, one in steps.items() if one.status == ExecutionStatus.FAILED]
    at = f"in the step {', '.join(failed)}: " if failed else ""
    reason = at + (_short(err) if err else "its log has the reason")
    raised = [one.exception_info.source for one in steps.values() if one.exception_info]
    ending = "gate refused" if raised == [f"{GateError.__module__}.{GateError.__name__}"] else "training failed"
    return Outcome(ending=ending, cause=cause, reason=reason, training_run=name if found else "")


def _short(err: BaseException) -> str:
    # ZenML says of a wrong parameter only that there is one.
    told = err.__cause__ if isinstance(err, ValueError) and err.__cause__ else err
    text = f"{type(told).__name__}: {told}".strip()
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
