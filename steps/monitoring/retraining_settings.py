"""The settings of retrainings, for commands that run without the monitoring pipeline."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from steps.core.errors import ConfigurationError
from steps.core.retraining import RetrainingSettings


def read_retraining(path: Path) -> RetrainingSettings:
    """The block `retraining` of a configuration of the monitoring pipeline.

    Raises:
        ConfigurationError: it is not there, or not what it must be.
    """
    try:
        return RetrainingSettings.model_validate(yaml.safe_load(path.read_text())["parameters"]["retraining"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValidationError) as err:
        raise ConfigurationError(
            f"{path} does not say when a retraining is started: {err!r}. Wanted `parameters: {{retraining: …}}` as in "
            "zenml_config/monitoring.yaml."
        ) from err
