"""The tutorial, typed into a fresh checkout block by block."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.docs.checkout import fresh_checkout
from tests.docs.fences import fences
from tests.ports import free_port

PORTS = {"HPP_REST_PORT": "9000", "HPP_METRICS_PORT": "9001", "HPP_CONSOLE_PORT": "9002", "HPP_GRPC_PORT": "9500"}


class Block(NamedTuple):
    """Shell commands, and the lines that the page shows of their answer."""

    commands: str
    shown: tuple[str, ...]


def blocks(page: str) -> list[Block]:
    """The shell blocks of a page, each with the `text` block that follows it."""
    found: list[Block] = []
    for language, text in fences(page):
        if language == "sh":
            found.append(Block(text, ()))
        else:
            found[-1] = found[-1]._replace(shown=tuple(text.splitlines()))
    return found


def make_quick(checkout: Path) -> None:
    """One experiment of fixed settings in place of five, fewer folds; profiles at once: the commands stay the same."""
    path = checkout / "zenml_config" / "training.yaml"
    configuration = yaml.safe_load(path.read_text())
    own = configuration["parameters"]
    own["experiments"] = [one for one in own["experiments"] if one["name"] == "all_features_bagged"]
    own["experiments"][0]["bagging"] = {"seeds": 2}
    own["feature_selection"] |= {"resamples": 10}
    own["quality"] |= {"folds": 2, "group_columns": []}
    own["validation"] |= {"folds": 3, "repeats": 1}
    own["sensitive_features"]["cost"] |= {"bagging": None, "repeats": 1}
    path.write_text(yaml.safe_dump(configuration))
    commit = ["git", "-c", "user.name=Reader", "-c", "user.email=reader@example.com", "commit", "-qam", "Quick"]
    subprocess.run(commit, cwd=checkout, check=True)


class Shell:
    """The reader's shell: every block in the same folder and with the same ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: str(free_port()) for name in PORTS}
        own = ("HPP_", "ZENML", "MLFLOW", "COVERAGE")
        outside = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        self.environment = outside | self.ports | {"HPP_PROFILE_SECONDS": "1"}

    def type(self, commands: str) -> str:
        """What the commands say on both channels.

        Raises:
            AssertionError: one of them failed.
        """
        for name, port in PORTS.items():
            commands = commands.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.ports[name]}")
        commands = commands.replace("sleep 40", "sleep 5")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        return done.stdout.replace(f"127.0.0.1:{self.ports['HPP_REST_PORT']}", "127.0.0.1:9000")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a fresh checkout; what its commands leave standing is ended."""
    checkout = fresh_checkout(tmp_path / "house-prices")
    make_quick(checkout)
    reader = Shell(checkout)
    try:
        yield reader
    finally:
        reader.type("make stop")


@pytest.mark.integration
@pytest.mark.timeout(1800)
def test_every_command_of_the_tutorial_works_in_order_and_says_what_the_page_shows(shell: Shell) -> None:
    for block in blocks("tutorial.md"):
        answer = shell.type(block.commands)
        for line in block.shown:
            assert line in answer, f"{block.commands}\nshould show {line!r}, and said:\n{answer}"
    assert json.loads((shell.folder / "var" / "models" / "v2" / "metadata.json").read_text())["features"].count(
        "PARKING"
    )
    left = subprocess.run(["git", "status", "--short"], cwd=shell.folder, capture_output=True, text=True, check=True)
    assert left.stdout == ""
