"""Processes that end with the one that started them."""

import os
import subprocess
import sys

from serving.process.processes import PARENT

END = "from serving.process.processes import end_with_parent; end_with_parent()"


def run(parent: int) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, PARENT: str(parent)}
    return subprocess.run([sys.executable, "-c", END], env=environment, capture_output=True, text=True, timeout=60)


def test_a_process_goes_on_while_its_parent_lives_and_ends_if_the_parent_was_gone_before() -> None:
    assert run(os.getpid()).returncode == 0
    orphan = run(os.getpid() + 1)
    assert orphan.returncode == 1
    assert "has ended" in orphan.stderr
