"""The step that carries out a retraining that was decided on, in a process of its own, and waits for its end."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from zenml import ArtifactConfig, log_metadata, step
from zenml.logger import get_logger

from serving.process.processes import PARENT
from serving.settings import Settings, read_settings
from steps.artifacts.page_materializer import PageMaterializer
from steps.core.alerts import of_outcome
from steps.core.retrained import Outcome
from steps.core.retraining import Decision, RetrainingSettings
from steps.monitoring.alerting import tell
from steps.monitoring.retraining_record import keep_outcome, keep_refusal

logger = get_logger(__name__)
MODULE = "pipelines.retrain"
ENDING_S = 15.0


@step(enable_cache=False, output_materializers=PageMaterializer)
def start_retraining(
    decision: Decision, wanted: RetrainingSettings
) -> Annotated[Outcome, ArtifactConfig(name="retraining")]:
    """What became of it. A retraining that fails is told and is on record; the monitoring goes on."""
    settings = read_settings()
    if decision.action == "start" and decision.cause is not None:
        outcome = carry_out(decision, wanted, settings)
    else:
        outcome = Outcome(ending="not started", cause=decision.cause, reason=f"{decision.action}: {decision.reason}")
        if decision.cause is not None:
            keep_refusal(settings.audit_dir, decision)
    logger.info("Retraining: %s", outcome.in_words)
    log_metadata(metadata=outcome.model_dump(exclude={"cause"}, exclude_defaults=True), infer_artifact=True)
    return outcome


def carry_out(decision: Decision, wanted: RetrainingSettings, settings: Settings) -> Outcome:
    """How the retraining ended; one that takes longer than `most_minutes` is ended with all its processes."""
    log = settings.run_dir / f"retraining-{datetime.now(UTC):%Y%m%dT%H%M%S}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="retraining-", dir=log.parent) as folder:
        request, answer = Path(folder) / "request.json", Path(folder) / "outcome.json"
        request.write_text(f'{{"decision": {decision.model_dump_json()}, "wanted": {wanted.model_dump_json()}}}')
        fault = _run([MODULE, "--request", str(request), "--outcome", str(answer)], log, wanted.most_minutes * 60)
        if answer.exists():
            return Outcome.model_validate_json(answer.read_text()).model_copy(update={"log": str(log)})
    ending, reason = fault or ("training failed", f"the process ended without a word; its log is {log}")
    outcome = Outcome.model_validate({"ending": ending, "cause": decision.cause, "reason": reason, "log": str(log)})
    keep_outcome(settings.audit_dir, outcome)
    tell([of_outcome(outcome, settings.runbooks)], settings)
    return outcome


def _run(arguments: list[str], log: Path, most_s: float) -> tuple[str, str] | None:
    """How it failed to end by itself, or None: it did."""
    environment = {**os.environ, PARENT: str(os.getpid()), "HPP_LOG": "full"}  # its output is its log
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        process.wait(most_s)
    except subprocess.TimeoutExpired:
        return (
            "took too long",
            f"it was ended after {most_s / 60:g} minutes (`retraining.most_minutes`); its log is {log}",
        )
    finally:
        _end(process)
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of the group: the process, and the workers of its searches."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_S)
