"""Hand the monitoring to an orchestrator that keeps schedules: `python -m pipelines.schedule "7 * * * *"`."""

import argparse
import sys
from collections.abc import Sequence

from zenml.client import Client
from zenml.config.schedule import Schedule

from pipelines.monitoring import monitoring_pipeline
from serving.settings import read_settings
from steps.core.errors import ConfigurationError

NAME = "house-price-monitoring"


def schedule(cron: str) -> None:
    """Let the orchestrator of the active stack run the monitoring by a clock.

    Raises:
        ConfigurationError: it keeps no schedules.
    """
    orchestrator = Client().active_stack.orchestrator
    if not orchestrator.config.is_schedulable:
        raise ConfigurationError(
            f"The orchestrator {orchestrator.name} ({orchestrator.flavor}) of the active stack keeps no schedules. Let "
            "cron or systemd call `make monitor` every hour and `make retrain CAUSE=weekly` every week "
            "(docs/retraining.md), or activate a stack whose orchestrator does, such as one with Kubernetes."
        )
    path = str(read_settings().config / "monitoring.yaml")
    monitoring_pipeline.with_options(config_path=path, schedule=Schedule(name=NAME, cron_expression=cron))()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 if the orchestrator keeps no schedules."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.schedule", description=__doc__)
    parser.add_argument("cron", help="as cron has it: minute, hour, day, month, day of the week")
    given = parser.parse_args(arguments)
    try:
        schedule(given.cron)
    except ConfigurationError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    sys.stdout.write("`zenml pipeline schedule list` shows it, `zenml pipeline schedule delete` ends it.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
