"""What a workflow is told of the end of a training run."""

from types import SimpleNamespace
from typing import Any

import pytest

from steps.training_outcome import _ending


def ended(status: str, **steps: tuple[str, str | None, str]) -> Any:
    """A run as ZenML tells of it: for each step its status, the class that it raised, and the message."""
    told = {
        name: SimpleNamespace(status=state, exception_info=source and SimpleNamespace(source=source, message=message))
        for name, (state, source, message) in steps.items()
    }
    return SimpleNamespace(status=status, steps=told)


@pytest.mark.parametrize("word", ["promote", "challenge", "unchanged"])
def test_a_run_to_the_end_has_the_gates_word(word: str) -> None:
    verdict = SimpleNamespace(outcome=word, reason="so")
    assert _ending(ended("completed", gate=("completed", None, "")), verdict) == (word, "so")


@pytest.mark.parametrize(
    ("source", "word"),
    [("steps.core.errors.GateError", "refused"), ("sqlalchemy.exc.OperationalError", "failed"), (None, "failed")],
)
def test_only_the_gates_own_refusal_is_one(source: str | None, word: str) -> None:
    run = ended("failed", prepare=("completed", None, ""), gate=("failed", source, "R² 0.5"))
    assert _ending(run, None)[0] == word


def test_a_run_that_was_stopped_has_failed() -> None:
    assert _ending(ended("stopped", gate=("running", None, "")), None) == ("failed", "the run is stopped")
