"""The caller's process, seen from the story: what it is told, and what it has counted."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pandas as pd

from pipelines.story.caller import KEY, Pace
from pipelines.story.calls import Calls, Row, Tally, World
from pipelines.story.plot import StoryError
from serving.files import write_atomically
from steps.core.fingerprint import HOUSE_ID

POLL_S = 0.2
PATIENCE_S = 300.0
END_S = 90.0


class Traffic:
    """One caller.

    Args:
        folder: of its files: what it knows, what it counts, and its log.
        pace: how much it asks.
    """

    def __init__(self, folder: Path, pace: Pace) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._pace = folder, pace
        self._world = World(phase="", names=[], houses={})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, url: str, key: str, phase: str, houses: pd.DataFrame, features: list[str]) -> None:
        """Let it ask for these houses."""
        self.change(phase=phase, names=features, houses=rows_of(houses, features))
        command = [sys.executable, "-m", "pipelines.story.caller", url]
        command += [str(self._folder / name) for name in ("world.json", "calls.json")]
        with (self._folder / "caller.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own module
                [*command, msgspec.json.encode(self._pace).decode()],
                env={**os.environ, KEY: key},
                stdout=log,
                stderr=log,
            )

    def change(self, **changes: object) -> None:
        """Tell it what is different from now on: fields of `World`."""
        self._world = msgspec.structs.replace(self._world, **changes)
        write_atomically(self._folder / "world.json", msgspec.json.encode(self._world))

    def sell(self, prices: dict[int, float]) -> None:
        """Let it price these houses once, and tell their true prices afterwards."""
        self.change(sold=prices, sales=self._world.sales + 1)

    @property
    def calls(self) -> Calls:
        """What it has counted until half a second ago."""
        try:
            return msgspec.json.decode((self._folder / "calls.json").read_bytes(), type=Calls)
        except FileNotFoundError:
            return Calls(total=Tally(), phases={}, failures=[])

    @property
    def phase(self) -> Tally:
        """What it has counted in this phase."""
        return self.calls.phases.get(self._world.phase, Tally())

    def until(self, holds: Callable[[Tally], bool], what: str, patience_s: float = PATIENCE_S) -> Tally:
        """The phase's tally once it holds.

        Raises:
            StoryError: it does not come about in time, or the caller has ended.
        """
        deadline = time.monotonic() + patience_s
        while not holds(tally := self.phase):
            if self._process is None or self._process.poll() is not None:
                raise StoryError(f"The caller has ended before {what}: see {self._folder / 'caller.log'}.")
            if time.monotonic() > deadline:
                raise StoryError(f"Waited {patience_s:g} s for {what}; the caller has counted {tally}.")
            time.sleep(POLL_S)
        return tally

    def stop(self) -> Calls:
        """All that it counted; its process is gone."""
        if self._process is not None:
            self.change(stop=True)
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        return self.calls


def rows_of(houses: pd.DataFrame, features: list[str]) -> dict[int, Row]:
    """The features of each house by its id; a missing value is None."""
    values = houses[features].astype(object).where(houses[features].notna(), None).to_numpy().tolist()
    return {int(house): row for house, row in zip(houses[HOUSE_ID], values, strict=True)}
