"""What a platform needs before it can serve: features, a first model and the key of the demo, unless they are there.

`python -m pipelines.first_run`: compose starts it before the service.
"""

import sys

from pipelines.demo import alone
from pipelines.run import configuration_of, run
from serving.bundle import METADATA
from serving.keys import client_key
from serving.settings import Settings, read_settings
from steps.terminal.presentation import Presentation, carried_out


def first_run(settings: Settings) -> list[str]:
    """The pipelines that had to run: none where there is a model bundle."""
    client_key(settings)
    if any(settings.models_dir.glob(f"v*/{METADATA}")):
        return []
    with alone(settings):
        from zenml_config.stack import register_stack

        register_stack()
        return [run(name, configuration_of(name, settings)).name for name in ("features", "training")]


def show(shown: Presentation) -> None:
    """Do what is needed, and say what it was."""
    shown.screen.say(f"Ran: {', '.join(first_run(read_settings())) or 'nothing, there is a model'}.")


if __name__ == "__main__":
    sys.exit(carried_out("first-run", show))
