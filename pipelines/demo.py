"""What `make demo` does: the stack, three pipelines in one process, and a last screen that says what happened.

One process, since most of the time of a pipeline command is the import of the libraries.
"""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from serving.settings import Settings, read_settings

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

PIPELINES = {"features": "feature_pipeline", "training": "training_pipeline", "deployment": "deployment_pipeline"}


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


def run(name: str, settings: Settings) -> "PipelineRunResponse":
    """The finished run of a pipeline with its configuration."""
    from importlib import import_module

    pipeline = getattr(import_module(f"pipelines.{name}"), PIPELINES[name])
    run: PipelineRunResponse = pipeline.with_options(config_path=str(settings.root / "zenml_config" / f"{name}.yaml"))()
    return run


def main() -> None:
    """Run everything and print the last screen."""
    started = time.monotonic()
    settings = read_settings()
    with alone(settings):
        logging.captureWarnings(capture=True)
        logging.getLogger("py.warnings").setLevel(logging.ERROR)
        from pipelines.demo_report import report
        from zenml_config.stack import register_stack

        register_stack()
        runs, seconds = {}, {"set-up": time.monotonic() - started}
        for name in PIPELINES:
            begun = time.monotonic()
            runs[name] = run(name, settings)
            seconds[name] = time.monotonic() - begun
        report(runs, seconds, settings)


if __name__ == "__main__":
    main()
