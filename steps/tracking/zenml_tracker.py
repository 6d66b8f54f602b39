"""The MLflow tracker of the ZenML stack, for the steps that use it."""

from zenml.client import Client
from zenml.integrations.mlflow.flavors.mlflow_experiment_tracker_flavor import MLFlowExperimentTrackerSettings
from zenml.steps import BaseStep

from steps.core.cause import Cause
from steps.tracking.runs import EXPERIMENT


def tracked(step: BaseStep, name: str, cause: Cause) -> BaseStep:
    """The step under a name of its own in artifacts, with an MLflow run of its own inside the pipeline's.

    Both MLflow runs have the cause as tags.
    On a stack without a tracker (ZenML's default one) the step opens its run by itself, see steps.tracking.runs.run_of.
    """
    named = step.with_options(substitutions={"experiment": name})
    if Client().active_stack.experiment_tracker is None:
        return named
    settings = MLFlowExperimentTrackerSettings(experiment_name=EXPERIMENT, nested=True, tags=cause.tags)
    return named.with_options(experiment_tracker=True, settings={"experiment_tracker": settings})
