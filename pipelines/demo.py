"""What `make demo` does: the stack, three pipelines in one process, and a last screen that says what happened.

One process, since most of the time of a pipeline command is the import of the libraries.
"""

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.run import configuration_of, run
from serving.settings import Settings, read_settings
from steps.terminal.presentation import Presentation, carried_out

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

PIPELINES = {
    "features": "from a source to the feature store",
    "training": "experiments, a champion, the gate, a registered version",
    "deployment": "a service that says what the offline model says",
}


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the demo's lock; the kernel gives it back however the process ends.

    Raises:
        SystemExit: another demo runs on this folder.
    """
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with (settings.run_dir / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise SystemExit(f"Another `make demo` is at work on {settings.var_dir}. Wait for it, or stop it.") from err
        yield


def whole(shown: Presentation) -> None:
    """Run everything, and close with what happened and what to try."""
    started, settings, screen = time.monotonic(), read_settings(), shown.screen
    with alone(settings):
        with screen.busy("setting up: libraries, ZenML's and MLflow's stores"):
            from pipelines.demo_report import report
            from zenml_config.stack import register_stack

            register_stack()
        runs: dict[str, PipelineRunResponse] = {}
        seconds = {"set-up": time.monotonic() - started}
        for name, what in PIPELINES.items():
            begun = time.monotonic()
            screen.say(f"{name}: {what}", "bold")
            runs[name] = run(name, configuration_of(name, settings))
            seconds[name] = time.monotonic() - begun
        report(runs, seconds, settings, shown)


def main() -> int:
    """The exit code: 0, or 1 with the reason if a pipeline failed."""
    return carried_out("demo", whole)


if __name__ == "__main__":
    sys.exit(main())
