"""What the chapters of the story share: the platform's pipelines, the caller, the timeline."""

import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from pipelines.run import PIPELINES
from pipelines.story.caller import Pace
from pipelines.story.plot import Plot, StoryError, changed
from pipelines.story.timeline import Timeline
from pipelines.story.traffic import Traffic
from pipelines.story.truths import Error, error_of
from serving.keys import client_key
from serving.records.feedback import read_feedback
from serving.records.hourly import FEEDBACK
from serving.records.profiles import ROWS, read_profile
from serving.rollouts.record import RolloutEvent, read_events
from serving.rollouts.rules import Figures
from serving.rollouts.state import Rollout, folder_of, read_rollout
from serving.settings import Settings

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

POLL_S = 0.2
PIPELINES = {**PIPELINES, "monitoring": "monitoring_pipeline"}


class Day:
    """The day so far.

    Args:
        timeline: what is told.

    Attributes:
        houses: `house_id`, the features and MEDV, as the world is now; features: their names.
        url: of the service.
    """

    def __init__(self, plot: Plot, settings: Settings, timeline: Timeline) -> None:
        self.plot, self.settings, self.timeline = plot, settings, timeline
        wanted = plot.traffic
        pace = Pace(
            requests_a_second=wanted.requests_a_second,
            batches=wanted.batches,
            most_requests=wanted.most_requests,
            truth_delay_seconds=wanted.truth_delay_seconds,
            seed=wanted.seed,
        )
        self.traffic = Traffic(settings.var_dir / "caller", pace)
        self.houses = pd.DataFrame()
        self.features: list[str] = []
        self.url = ""
        self._runs = 0

    def tell(self, chapter: str, text: str, **figures: Any) -> None:
        """Add to the timeline."""
        self.timeline.tell(chapter, text, **figures)

    def run(self, name: str, changes: dict[str, Any] | None = None) -> "PipelineRunResponse":
        """The finished run of a pipeline, with its own configuration, the plot's changes to it, and these.

        Raises:
            StoryError: it did not complete.
        """
        config = self.configuration(name, changes or {})
        pipeline = getattr(import_module(f"pipelines.{name}"), PIPELINES[name])
        run: PipelineRunResponse = pipeline.with_options(config_path=str(config))()
        if run.status != "completed":
            raise StoryError(f"{PIPELINES[name]} ended as {run.status}.")
        return run

    def configuration(self, name: str, changes: dict[str, Any]) -> Path:
        """A file with the parameters of a pipeline and these changes, as a user would write it."""
        self._runs += 1
        path = self.settings.var_dir / "config" / f"{self._runs}-{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        parameters = changed(self.parameters(name), changes)
        path.write_text(yaml.safe_dump({"parameters": parameters}, sort_keys=False))
        return path

    def parameters(self, name: str) -> dict[str, Any]:
        """The parameters of a pipeline: those of its file in zenml_config with the plot's changes."""
        file = self.settings.root / "zenml_config" / f"{name}.yaml"
        return changed(yaml.safe_load(file.read_text())["parameters"], self.plot.pipelines.get(name, {}))

    def start_caller(self, url: str, phase: str) -> None:
        """Let the caller begin its day."""
        self.traffic.start(url, client_key(self.settings), phase, self.houses, self.features)

    def error(self, version: str, since: float) -> Error:
        """The error of a version by the true prices that came since then."""
        return error_of(read_feedback(self.settings.profiles_dir / FEEDBACK), version, since)

    def until_profiled(self, version: str, rows: int, patience_s: float = 300.0) -> None:
        """Return when so many of the version's rows are in the whylogs profiles: on a busy machine they come late.

        Raises:
            StoryError: they do not come in time.
        """
        deadline = time.monotonic() + patience_s
        while (found := self._profiled(version)) < rows:
            if time.monotonic() > deadline:
                raise StoryError(f"Of version {version} {found} rows are profiled, wanted {rows} in {patience_s:g} s.")
            time.sleep(POLL_S)

    def _profiled(self, version: str) -> int:
        paths = self.settings.profiles_dir.glob(f"v{version}/*/*.bin")
        return sum(int(read_profile(path).metadata[ROWS]) for path in paths)

    @property
    def rollout(self) -> Rollout:
        """The last rollout.

        Raises:
            StoryError: there was none.
        """
        found = read_rollout(folder_of(self.settings.profiles_dir))
        if found is None:
            raise StoryError("No challenger was ever tried.")
        return found

    def decided(self, status: str, patience_s: float = 240.0) -> tuple[Rollout, Figures]:
        """The rollout, once it has the status, and the evidence for it.

        Raises:
            StoryError: it ends otherwise, or is not decided in time.
        """
        deadline = time.monotonic() + patience_s
        while (found := self.rollout).status != status:
            if not found.active:
                raise StoryError(
                    f"Version {found.challenger} should be {status}, but is {found.status}: {found.reason}."
                )
            if time.monotonic() > deadline:
                raise StoryError(
                    f"Version {found.challenger} was not {status} within {patience_s:g} s: {found.figures}."
                )
            time.sleep(POLL_S)
        if found.figures is None:
            raise StoryError(f"Version {found.challenger} is {status} without evidence: {found.reason}.")
        return found, found.figures

    def recorded(self, event: str) -> RolloutEvent:
        """The line in the audit's record of what happened to the last rollout.

        Raises:
            StoryError: there is none within a few seconds.
        """
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for one in read_events(self.settings.audit_dir):
                if (one.event, one.rollout) == (event, self.rollout.id):
                    return one
            time.sleep(POLL_S)
        raise StoryError(
            f"The audit in {self.settings.audit_dir} does not say that the rollout {self.rollout.id} {event}."
        )


def shown(path: Path, folder: Path) -> str:
    """The path as a person in the folder types it."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def expect(holds: bool, otherwise: str) -> None:
    """Nothing, if the platform did what the chapter is about.

    Raises:
        StoryError: it did not.
    """
    if not holds:
        raise StoryError(otherwise)
