"""A retraining from its start to what follows: training, and the deployment of the version that it makes.

    python -m pipelines.retrain [--cause weekly]        # make retrain CAUSE=weekly
    python -m pipelines.retrain --cause weekly --on-cluster    # in a cluster: docs/kubernetes.md

The monitoring pipeline starts it after a verdict, a clock every week, a person at any time. It is a process of its own:
ZenML's orchestrator runs one pipeline at a time in a process (docs/decisions/0032).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from pipelines.retraining import deploy, train
from serving.files import write_atomically
from serving.process.processes import PARENT, end_with_parent
from serving.settings import Settings, read_settings
from steps.core.alerts import of_outcome, of_start
from steps.core.cause import VERDICTS, Cause, CauseKind
from steps.core.retrained import Outcome
from steps.core.retraining import Decision, RetrainingSettings
from steps.decide_retraining import decide_now
from steps.monitoring.alerting import tell
from steps.monitoring.retraining_record import keep_outcome, keep_refusal, keep_start
from steps.monitoring.retraining_settings import read_retraining
from steps.terminal.presentation import Presentation, carried_out
from steps.tracking.trainings import next_name
from zenml_config.cluster_stack import register_cluster_stack

FAILED, GATE_REFUSED, NOT_STARTED = 1, 3, 4  # exit codes


class Request(BaseModel):
    """What the monitoring pipeline asks for."""

    decision: Decision
    wanted: RetrainingSettings


def retrain(cause: Cause, wanted: RetrainingSettings, settings: Settings) -> Outcome:
    """How it ended; on record, and told, as its start is. A fault is an ending, too."""
    name = next_name()
    keep_start(settings.audit_dir, cause, name)
    tell([of_start(cause, name, wanted, settings.runbooks)], settings)
    outcome = train(cause, name, wanted, settings)
    if outcome.ending == "registered" and wanted.deploy != "nothing":
        outcome = deploy(outcome, wanted, settings)
    keep_outcome(settings.audit_dir, outcome)
    tell([of_outcome(outcome, settings.runbooks)], settings)
    return outcome


def asked(cause: Cause, wanted: RetrainingSettings, settings: Settings) -> Outcome:
    """How a retraining ended that somebody, or a clock, asks for; it may be refused."""
    decision = decide_now(cause, wanted, settings)
    if decision.action == "start":
        return retrain(cause, wanted, settings)
    keep_refusal(settings.audit_dir, decision)
    return Outcome(ending="not started", cause=cause, reason=f"{decision.action}: {decision.reason}")


def exit_code(outcome: Outcome) -> int:
    """0: it ended well, or need not have been; else by what is to be done."""
    if outcome.ending == "not started":
        return NOT_STARTED if outcome.cause is not None and outcome.cause.kind == "by hand" else 0
    if outcome.ending == "gate refused":
        return GATE_REFUSED
    return FAILED if outcome.ending in ("training failed", "deployment failed", "took too long") else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0; 1: it failed; 3: the gate refuses the model; 4: another training runs."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.retrain", description=__doc__)
    kinds = [kind for kind in get_args(CauseKind) if kind not in VERDICTS]
    parser.add_argument("--cause", choices=kinds, default="by hand", help="why (default: by hand)")
    parser.add_argument("--config", type=Path, help="of the monitoring pipeline, whose `retraining` counts")
    parser.add_argument("--on-cluster", action="store_true", help="train and try it in Kubernetes")
    parser.add_argument("--request", type=Path, help=argparse.SUPPRESS)  # the monitoring pipeline's
    parser.add_argument("--outcome", type=Path, help="a file for the outcome, as JSON")
    given = parser.parse_args(arguments)
    settings = read_settings()
    if given.request:
        end_with_parent()
        os.environ.pop(PARENT, None)  # a service that is deployed now outlives the pipeline
        request = Request.model_validate_json(given.request.read_text())
        return _end(retrain(request.decision.cause or Cause(), request.wanted, settings), given.outcome)

    def show(shown: Presentation) -> int:
        wanted = read_retraining(given.config or settings.config / "monitoring.yaml")
        if given.on_cluster:
            register_cluster_stack(os.environ)
            wanted = wanted.model_copy(update={"place": "kubernetes"})
        outcome = asked(Cause(kind=given.cause), wanted, settings)
        if exit_code(outcome) and shown.log:
            shown.screen.say(f"The whole log: {shown.log}")
        return _end(outcome, given.outcome)

    return carried_out("retrain", show)


def _end(outcome: Outcome, answer: Path | None) -> int:
    """The exit code, after the outcome was written down and said."""
    if answer:
        write_atomically(answer, outcome.model_dump_json().encode())
    sys.stdout.write(f"{outcome.in_words}\n")
    return exit_code(outcome)


if __name__ == "__main__":
    sys.exit(main())
