"""What the tests of rollouts share."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from serving.records.hourly import ENDING
from serving.rollout import read_rules
from serving.rollouts.pairs import Pairs
from serving.rollouts.rules import Rules
from zenml_config.environment import ROOT


def rules() -> Rules:
    """Those of zenml_config/rollout.yaml."""
    return read_rules(ROOT / "zenml_config" / "rollout.yaml")


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for it, and fail if it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


def written_pairs(folder: Path) -> list[Pairs]:
    """All the evidence in the folder of a rollout."""
    lines = [line for path in sorted(folder.glob(f"*{ENDING}")) for line in path.read_bytes().splitlines()]
    return [msgspec.json.decode(line, type=Pairs) for line in lines]


def poisoned(folder: Path, version: str, frame: Any, rounds: int = 40) -> Path:
    """A bundle of that version whose model learned the prices of other houses."""
    from tests.serving_platform import write_model

    shuffled = frame["MEDV"].sample(frac=1, random_state=3).to_numpy()
    return write_model(folder, version, frame.assign(MEDV=shuffled), rounds)
