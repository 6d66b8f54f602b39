"""One pipeline, shown step by step, with a short table at its end: what the targets of the Makefile run.

    python -m pipelines.run training [-c zenml_config/training.yaml]

`zenml pipeline run pipelines.training.training_pipeline -c …` runs the same; here the stack is registered first, in the
same process, since most of the time of a command is the import of the libraries.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from serving.settings import Settings, read_settings
from steps.core.errors import ConfigurationError
from steps.terminal.presentation import Presentation, carried_out

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

PIPELINES = {
    "features": "feature_pipeline",
    "training": "training_pipeline",
    "deployment": "deployment_pipeline",
    "monitoring": "monitoring_pipeline",
    "materialization": "materialization_pipeline",
}


def run(name: str, configuration: Path) -> "PipelineRunResponse":
    """The finished run of a pipeline.

    Raises:
        ConfigurationError: there is no such file.
    """
    if not configuration.is_file():
        raise ConfigurationError(
            f"There is no configuration {configuration}. Wanted a file as zenml_config/{name}.yaml."
        )
    pipeline = getattr(import_module(f"pipelines.{name}"), PIPELINES[name])
    run: PipelineRunResponse = pipeline.with_options(config_path=str(configuration))()
    return run


def configuration_of(name: str, settings: Settings) -> Path:
    """The pipeline's own configuration."""
    return settings.config / f"{name}.yaml"


def show(name: str, configuration: Path, shown: Presentation) -> None:
    """Run the pipeline, and close with a table of what came of it."""
    screen = shown.screen
    with screen.busy("loading the libraries"):
        from pipelines.closing import closing
        from zenml_config.stack import register_stack

        register_stack()
    screen.say(name, "bold")
    finished = run(name, configuration)
    for part in closing(name, finished, shown.log):
        screen.show(part)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 with the reason if the run failed."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.run", description="Run one pipeline, and show its work.")
    parser.add_argument("pipeline", choices=PIPELINES)
    parser.add_argument("-c", "--config", type=Path, help="default: the file of its name in the folder HPP_CONFIG")
    given = parser.parse_args(arguments)
    configuration = given.config or configuration_of(given.pipeline, read_settings())
    return carried_out(given.pipeline, partial(show, given.pipeline, configuration))


if __name__ == "__main__":
    sys.exit(main())
