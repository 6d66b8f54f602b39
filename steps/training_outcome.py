"""The command that tells how the last training run ended: `python -m steps.training_outcome [--output FILE]`.

It prints one word, for the workflow that deploys on it:
    promote    the run's best model is champion: deploy it
    challenge  it is registered as challenger, the champion stays
    unchanged  it is the champion already
    refused    it misses a floor of the gate and is not registered
    failed     the run ended otherwise
The file has the same as JSON, with the quality of every experiment.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from serving.files import write_atomically
from steps.core.errors import ConfigurationError

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

PIPELINE = "training_pipeline"
FIGURES = ("cv_rmse", "cv_rmse_sd", "test_rmse", "test_r2")


class Outcome(msgspec.Struct, frozen=True):
    """How a training run ended.

    Attributes:
        outcome: see above.
        reason: in words.
        champion: the experiment that was chosen; empty if the run did not come so far.
        version: that was registered; empty if none was.
        experiments: the figures of each, errors in the unit of the price.
    """

    run: str
    outcome: str
    reason: str
    champion: str
    version: str
    experiments: dict[str, dict[str, float]]


def outcome(run: "PipelineRunResponse") -> Outcome:
    """How the run ended."""
    verdict, chosen = _output(run, "gate", "verdict"), _output(run, "choose_champion", "champion")
    registered = _output(run, "register", "registered_model")
    experiments = {
        result.name: {name: result.metrics[name] for name in FIGURES}
        for step in run.steps.values()
        for name in step.outputs
        if name.endswith("_result") and (result := _output(run, step.name, name))
    }
    word, reason = _ending(run, verdict)
    champion, version = chosen.name if chosen else "", registered.version if registered else ""
    return Outcome(str(run.id), word, reason, champion, version, experiments)


def _ending(run: "PipelineRunResponse", verdict: Any) -> tuple[str, str]:
    if str(run.status) == "completed":
        return str(verdict.outcome), str(verdict.reason)
    for name, step in run.steps.items():
        if str(step.status) == "failed":
            told = step.exception_info
            is_refused = told is not None and (told.source or "").endswith("GateError")
            reason = told.message if told and told.message else "its reason is in the log of the run"
            return ("refused" if is_refused else "failed"), f"{name}: {reason}"
    return "failed", f"the run is {run.status}"


def _output(run: "PipelineRunResponse", step: str, artifact: str) -> Any:
    """What a step of the run left under the artifact's name; None if it did not come so far."""
    there = run.steps[step].outputs.get(artifact) if step in run.steps else None
    return there[0].load() if there else None


def last_run() -> "PipelineRunResponse":
    """The last run of the training pipeline.

    Raises:
        ConfigurationError: there is none.
    """
    from zenml.client import Client

    runs = Client().list_pipeline_runs(pipeline=PIPELINE, sort_by="desc:created", size=1).items
    if not runs:
        raise ConfigurationError(f"{PIPELINE} has not run on this store yet. Run `make train` first.")
    return runs[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the word, and write the file where one is named."""
    parser = argparse.ArgumentParser(prog="python -m steps.training_outcome", description=__doc__)
    parser.add_argument("--output", type=Path)
    wanted = parser.parse_args(arguments)
    found = outcome(last_run())
    if wanted.output:
        write_atomically(wanted.output, msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    sys.stdout.write(f"{found.outcome}\n")
    sys.stderr.write(f"{found.reason}\n")


if __name__ == "__main__":
    main()
