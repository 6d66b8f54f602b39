"""The step that reads what a person states of the data and the model's use, before anything is computed."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from zenml import ArtifactConfig, step

from serving.settings import read_settings
from steps.core.card_statements import CardStatements
from steps.core.errors import ConfigurationError


class ModelCard(BaseModel):
    """Where the statements of the model card are.

    Attributes:
        statements: a YAML file; a relative path starts at the platform's folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    statements: str


@step(enable_cache=False)
def read_statements(model_card: ModelCard) -> Annotated[CardStatements, ArtifactConfig(name="card_statements")]:
    """The statements of the card."""
    return statements_in(read_settings().root / model_card.statements)


def statements_in(path: Path) -> CardStatements:
    """The statements of a file.

    Raises:
        ConfigurationError: there is none, or it is not what statements must be.
    """
    try:
        return CardStatements.model_validate(yaml.safe_load(path.read_text()))
    except FileNotFoundError as err:
        raise ConfigurationError(
            f"The statements of the model card are not in {path}. Write them (zenml_config/model_card.yaml is an "
            "example), or correct `model_card.statements` in zenml_config/training.yaml."
        ) from err
    except yaml.YAMLError as err:
        raise ConfigurationError(f"{path} is no YAML: {err}") from err
    except ValidationError as err:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in err.errors())
        raise ConfigurationError(f"{path} is not what the statements of a model card must be: {faults}.") from err
