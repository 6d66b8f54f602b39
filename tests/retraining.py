"""What the tests of retraining share."""

from typing import Any

import yaml

from steps.core.retraining import RetrainingSettings
from zenml_config.environment import ROOT


def monitoring_parameters() -> dict[str, Any]:
    """What monitoring.yaml gives the pipeline."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "zenml_config" / "monitoring.yaml").read_text())
    parameters: dict[str, Any] = document["parameters"]
    return parameters


def retraining(**changes: object) -> RetrainingSettings:
    """The settings of monitoring.yaml, with changes."""
    return RetrainingSettings.model_validate(monitoring_parameters()["retraining"] | changes)
