"""The pipeline that a new champion triggers: from the model registry to a service that answers rightly."""

from zenml import pipeline
from zenml.enums import ExecutionMode

from steps.core.sampling import Sample
from steps.deploy_model import deploy_model
from steps.deployment.deployed import Rollout, Target
from steps.find_champion import ModelChoice, find_champion
from steps.predict_offline import predict_offline
from steps.terminal.hooks import end_run, show_run


@pipeline(execution_mode=ExecutionMode.FAIL_FAST, on_init=show_run, on_cleanup=end_run)
def deployment_pipeline(model: ModelChoice, verified_houses: Sample, rollout: Rollout, target: Target) -> None:
    """Find the champion, predict houses without the service, and serve it if the service says the same."""
    champion = find_champion(model)
    expected = predict_offline(champion, verified_houses)
    deploy_model(champion, expected, rollout, target)
