"""The workflows call make targets that exist, with the variables that those need; and their own shell runs."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKE = re.compile(r"\bmake ((?:[^\n;&|<>)\"']|\"[^\"]*\"|'[^']*')+)")

VARIABLE = re.compile(r"\$(\{[^}]*\}|\w+)")


def scripts(workflow: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The shell of each step, with its job and the step itself."""
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                yield step["run"], job, step


def step_of(workflow: str, name: str) -> str:
    found = [run for run, _, step in scripts(ROOT / ".github/workflows" / workflow) if step.get("name") == name]
    assert len(found) == 1
    return str(found[0])


def calls(workflow: Path) -> Iterator[list[str]]:
    """The words behind `make`, once for each value of the matrix."""
    for run, job, step in scripts(workflow):
        matrix = job.get("strategy", {}).get("matrix", {})
        kinds = matrix["kind"] if "matrix.kind" in str(step.get("env", "")) else [""]
        for words in MAKE.findall(run):
            for kind in kinds:
                yield shlex.split(VARIABLE.sub("folder", words.replace("$KIND", kind)))


CALLS = sorted({tuple(words) for workflow in WORKFLOWS for words in calls(workflow)})


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_a_make_call_of_a_workflow_names_targets_that_exist_and_all_their_variables(words: tuple[str, ...]) -> None:
    command = ["make", "-n", "--warn-undefined-variables", *words]
    environment = {**os.environ, "HPP_CONFIG": ""}  # the one that may be left out
    dry = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert dry.returncode == 0, dry.stderr
    assert "undefined variable" not in dry.stderr
    makefile = (ROOT / "Makefile").read_text()
    unknown = [word for word in words if "=" in word and f"$({word.partition('=')[0]})" not in makefile]
    assert unknown == []


def test_every_workflow_is_looked_at() -> None:
    found = {word for words in CALLS for word in words}
    assert {"test-unit", "backends", "plan", "delta", "scan", "sbom", "notes", "deploy", "retrain", "docs"} <= found


def test_a_job_that_tests_installs_the_programs_that_tests_start() -> None:
    """GitHub says CI=true, where a test without its program fails."""
    for workflow in WORKFLOWS:
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            shell = [step.get("run", "") for step in job["steps"]]
            first = next(
                (at for at, run in enumerate(shell) if re.search(r"make (test|check|backends|\"\$KIND)", run)), None
            )
            assert first is None or "bash .ci/programs" in shell[:first], workflow


def asked_for(folder: Path, user: str, **environment: str) -> list[str]:
    """What `.ci/programs` asks of the system where none of them is there."""
    for name, script in {
        "id": f"echo {user}",
        "apt-get": f'echo "apt-get $*" >> {folder}/asked',
        "sudo": f'echo "sudo $*" >> {folder}/asked',
        "kubectl": "true",
        "dirname": f"echo {ROOT}/.ci",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    own = {"PATH": str(folder)} | environment
    done = subprocess.run(["/bin/bash", ".ci/programs"], cwd=ROOT, env=own, capture_output=True)
    assert done.returncode == 0, done.stderr
    return (folder / "asked").read_text().splitlines() if (folder / "asked").exists() else []


@pytest.mark.parametrize(
    ("user", "environment", "asked"), [("0", {}, "apt-get"), ("1000", {"CI": "true"}, "sudo -nE apt-get")]
)
def test_the_programs_that_are_missing_are_asked_for_at_once(
    tmp_path: Path, user: str, environment: dict[str, str], asked: str
) -> None:
    update, install = asked_for(tmp_path, user, **environment)
    assert update == f"{asked} update -qq"
    assert install.startswith(f"{asked} install -y -qq --no-install-recommends ")
    assert {"redis-server", "wrk", "chromium", "npm"} <= set(install.split())


def test_nothing_is_installed_with_a_persons_sudo(tmp_path: Path) -> None:
    assert asked_for(tmp_path, "1000") == []


def test_the_weekly_retraining_follows_the_rules_of_make_retrain_and_no_other() -> None:
    called = list(calls(ROOT / ".github/workflows/scheduled-retrain.yml"))
    assert ["retrain", "CAUSE=weekly", "OUTCOME=outcome.json"] in called
    assert not [words for words in called if {"train", "deploy"} & set(words)]


@pytest.fixture
def gh(tmp_path: Path) -> Path:
    """A folder with a `gh` that writes down what it is asked, and says that the ticket 7 is open if a file says so."""
    program = tmp_path / "bin/gh"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nprintf "%s|" "$@" >> {tmp_path}/asked\necho >> {tmp_path}/asked\n'
        f'if [ "$2" = list ] && [ -e {tmp_path}/open ]; then echo 7; fi\n'
    )
    program.chmod(0o755)
    return tmp_path


def told(gh: Path, already_open: bool) -> list[str]:
    (gh / "outcome.json").write_text('{"ending":"gate refused","reason":"too few rows"}')
    if already_open:
        (gh / "open").touch()
    script = step_of("scheduled-retrain.yml", "Open an issue, or add to the one that is open")
    environment = {"PATH": f"{gh}/bin:/usr/bin:/bin", "RUN": "https://forge.example/runs/3"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=gh, env=environment, check=True)
    return (gh / "asked").read_text().splitlines()


def test_a_retraining_without_a_model_opens_a_ticket_with_its_outcome(gh: Path) -> None:
    assert (
        told(gh, already_open=False)[-1] == "issue|create|--title|Weekly retraining gave no model|--body-file|body.md|"
    )
    body = (gh / "body.md").read_text()
    assert "gate refused" in body
    assert "https://forge.example/runs/3" in body
    page = re.search(r"docs/operations\.md#(\w+)", body)
    assert page is not None
    assert page[1] in [
        line.removeprefix("### ").lower() for line in (ROOT / "docs/operations.md").read_text().split("\n")
    ]


def test_a_retraining_without_a_model_adds_to_the_ticket_that_is_open(gh: Path) -> None:
    assert told(gh, already_open=True)[-1] == "issue|comment|7|--body-file|body.md|"


def test_a_release_without_its_section_in_the_changelog_ends_before_its_images(tmp_path: Path) -> None:
    script = step_of("release.yml", "The changelog's section of this version, which must be there")
    for name in ("Makefile", "CHANGELOG.md"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for version, code in (("v99.0.0", 1), ("vUnreleased", 0)):
        environment = {"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": version}
        ended = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=environment)
        assert ended.returncode == code
