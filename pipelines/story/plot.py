"""What the story is told to do: zenml_config/story.yaml, and what a chapter raises when the platform does otherwise."""

from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.story.neighbourhood import Motorway
from steps.core.errors import ConfigurationError, PlatformError


class StoryError(PlatformError):
    """The platform did not do what this chapter is about."""


class Strict(BaseModel):
    """A part of the settings, in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TrafficSettings(Strict):
    """How much is asked.

    Attributes:
        batches: houses of a batch by their ids, and of one by features.
        most_requests: then the caller ends, whatever has not happened yet.
        healthy_rows: prices that are asked for before the morning's verdict.
        shifted_times: so many times as many are asked for before the next one.
    """

    requests_a_second: float = Field(gt=0, le=1000)
    batches: tuple[int, int]
    most_requests: int = Field(ge=1, le=1_000_000)
    seed: int
    truth_delay_seconds: float = Field(ge=0)
    healthy_rows: int = Field(ge=1)
    shifted_times: float = Field(ge=1)


class Canary(Strict):
    """The share of the houses that the retrained model is tried on."""

    share: float = Field(gt=0, le=1)


class Poisoned(Strict):
    """What is wrong with the model that must be rolled back.

    Attributes:
        feature: it was trained with this feature times `factor`.
        share: of the houses that it is tried on.
        most_houses: it is rolled back after so many of them at most.
    """

    feature: str
    factor: float
    share: float = Field(gt=0, le=1)
    most_houses: int = Field(ge=1)


class Plot(Strict):
    """Everything that the day is told.

    Attributes:
        pipelines: for each pipeline the parameters that differ from its file in zenml_config.
    """

    traffic: TrafficSettings
    motorway: Motorway
    canary: Canary
    poisoned: Poisoned
    pipelines: dict[str, dict[str, Any]]


def read_plot(path: Path) -> Plot:
    """The plot in a file such as zenml_config/story.yaml.

    Raises:
        ConfigurationError: there is none, or it is none.
    """
    try:
        return Plot.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, yaml.YAMLError, ValidationError) as err:
        raise ConfigurationError(f"{path} is no plot of a story: {err}. See zenml_config/story.yaml.") from err


def changed(parameters: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The parameters with the changes: of blocks only the keys that are named, everything else replaced."""
    result = dict(parameters)
    for name, value in changes.items():
        old = result.get(name)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[name] = changed(cast("dict[str, Any]", old), value) if both else value
    return result
