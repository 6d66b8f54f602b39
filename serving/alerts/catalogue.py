"""The alerts that the platform sends by itself: their names, how urgent they are, and what to do.

Those that Prometheus sends are in docker/monitoring/rules.yml; where both see the same thing the name is the same.
Every name has a page in docs/operations.md, at the anchor that is the name in lower case.
"""

from typing import Literal

import msgspec

Severity = Literal["info", "warning", "critical"]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as such.

    Attributes:
        severity: critical: somebody gets up. warning: somebody looks on the next working day. info: for the record.
        to_do: what whoever reads it does now.
    """

    name: str
    severity: Severity
    to_do: str

    @property
    def anchor(self) -> str:
        """Where its page in docs/operations.md begins."""
        return self.name.lower()


_KINDS = (
    Kind(
        name="DriftDetected",
        severity="warning",
        to_do=(
            "Look at the drift report (make dashboard) for the clients and houses that it names. Are their values "
            "right? If they are wrong, tell the client; if the market has moved, let the retraining go on, or start "
            "one: make retrain."
        ),
    ),
    Kind(
        name="ModelErrorHigh",
        severity="critical",
        to_do=(
            "Look at the live error in the monitoring report by version and window. If the true prices are right, go "
            "back to an earlier version (docs/operations.md) or retrain: make retrain."
        ),
    ),
    Kind(
        name="RetrainingStarted",
        severity="info",
        to_do="Nothing. How it ends is told by another message.",
    ),
    Kind(
        name="RetrainingRefused",
        severity="warning",
        to_do=(
            "Find out why one retraining did not mend it: the model card of the newest version and its drift report. "
            "To retrain at once nevertheless: make retrain."
        ),
    ),
    Kind(
        name="RetrainingFailed",
        severity="critical",
        to_do=(
            "What serves now goes on serving. Read the end of the log that is named, mend the cause, and start it "
            "again: make retrain. Nothing is started by itself before the cool-down is over."
        ),
    ),
    Kind(
        name="RetrainingDone",
        severity="info",
        to_do="Nothing, if it says what you expected. The version's model card has the evidence: make mlflow-ui.",
    ),
    Kind(
        name="GateRefused",
        severity="warning",
        to_do=(
            "The new model misses a floor of zenml_config/training.yaml and is not registered. Compare the experiments "
            "in MLflow (make mlflow-ui) and look at what is new in the data: worse data is the usual reason."
        ),
    ),
    Kind(
        name="DeploymentFailed",
        severity="critical",
        to_do=(
            "What served before goes on serving. Read the reason; then deploy by hand: zenml pipeline run "
            "pipelines.deployment.deployment_pipeline -c zenml_config/deployment.yaml."
        ),
    ),
    Kind(
        name="PipelineFailed",
        severity="critical",
        to_do=(
            "Read the reason, mend it, and run the pipeline again: make monitor. Until then nobody judges the traffic; "
            "the service goes on as it is."
        ),
    ),
    Kind(
        name="PipelineMessage",
        severity="warning",
        to_do="Look at the run in the dashboard: make dashboard.",
    ),
    Kind(
        name="RolloutStarted",
        severity="info",
        to_do="Nothing. `python -m serving.rollout status` shows the evidence, `stop` ends it.",
    ),
    Kind(
        name="RolloutRolledBack",
        severity="warning",
        to_do=(
            "Nobody needs to act at once: the champion alone serves. Find out what is wrong with the challenger before "
            "anything of its kind is tried again: its model card, and the figures of this message."
        ),
    ),
    Kind(
        name="RolloutBetter",
        severity="info",
        to_do="Nothing: the next monitoring run promotes it. At once: python -m steps.conclude_rollout.",
    ),
    Kind(
        name="RolloutPromoted",
        severity="info",
        to_do="Nothing. To go back: docs/operations.md.",
    ),
    Kind(
        name="RolloutStopped",
        severity="info",
        to_do="Nothing, if you know who stopped it: an operator, or the deployment of another version.",
    ),
)
KINDS = {kind.name: kind for kind in _KINDS}
