"""The settings file and what every interpreter makes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zenml_config.environment import ROOT, read

LOCAL = ROOT / "zenml_config" / "local.env"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_later_lines_refer_to_earlier_ones(tmp_path: Path) -> None:
    file = write(tmp_path / "e.env", "# a comment\n\nA=/x\nB=${A}/y\n")
    values = read(file, {})
    assert (values["A"], values["B"]) == ("/x", "/x/y")


def test_the_outer_environment_wins_and_what_derives_from_it_follows(tmp_path: Path) -> None:
    file = write(tmp_path / "e.env", "A=/x\nB=${A}/y\n")
    assert read(file, {"A": "/outer"})["B"] == "/outer/y"


def test_a_reference_to_what_is_not_set_is_named_and_not_taken_for_a_value(tmp_path: Path) -> None:
    file = write(tmp_path / "e.env", "A=redis://${HOST}:1\n")
    with pytest.raises(ValueError, match="line 1: A refers to a variable that is not set"):
        read(file, {})
    assert read(file, {"A": "redis://db:1"})["A"] == "redis://db:1"


@pytest.mark.parametrize("line", ["no assignment", "1A=x", "A B=x"])
def test_a_line_that_is_no_assignment_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    file = write(tmp_path / "e.env", f"A=1\n{line}\n")
    with pytest.raises(ValueError, match="line 2: wanted NAME=value"):
        read(file, {})


def test_a_value_takes_in_the_files_that_it_names(tmp_path: Path) -> None:
    secret = write(tmp_path / "password", "s3cret\n")
    file = write(tmp_path / "e.env", f"A=redis://:${{file:{secret}}}@redis/0?p=${{file:{secret}}}\n")
    assert read(file, {})["A"] == "redis://:s3cret@redis/0?p=s3cret"


def test_a_file_that_is_not_there_is_named_unless_the_variable_is_set_already(tmp_path: Path) -> None:
    file = write(tmp_path / "e.env", f"A=1\nB=${{file:{tmp_path}/none}}\n")
    with pytest.raises(ValueError, match=r"line 2: the file .*/none cannot be read \(No such file or directory\)\."):
        read(file, {})
    assert read(file, {"B": "set"})["B"] == "set"


def test_an_environments_own_files_win_in_their_order_and_the_local_one_gives_the_rest(tmp_path: Path) -> None:
    first = write(tmp_path / "1.env", "HPP_RATE_LIMIT_STORE=redis://elsewhere\n")
    second = write(tmp_path / "2.env", "HPP_RATE_LIMIT_STORE=local\nHPP_VAR_DIR=/data\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HPP_", "MLFLOW_"))}
    code = "import os; print(*(os.environ['HPP_' + n] for n in ('RATE_LIMIT_STORE', 'MODELS_DIR', 'REST_PORT')))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=own | {"HPP_ENVIRONMENT_FILE": f"{first}:{second}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["redis://elsewhere", "/data/models", "9000"]


def test_a_file_that_is_named_from_the_working_directory_is_found_by_a_process_in_another(tmp_path: Path) -> None:
    write(tmp_path / "1.env", "HPP_RATE_LIMIT_STORE=redis://elsewhere\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HPP_", "MLFLOW_"))}
    inner = "import os; print(os.environ['HPP_RATE_LIMIT_STORE'])"
    code = (
        "import os, subprocess, sys; own = {n: v for n, v in os.environ.items() if n != 'HPP_RATE_LIMIT_STORE'}; "
        f"subprocess.run([sys.executable, '-c', {inner!r}], cwd='/', env=own)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=own | {"HPP_ENVIRONMENT_FILE": "1.env"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["redis://elsewhere"]


def test_everything_local_lies_under_the_var_folder() -> None:
    values = read(LOCAL, {"HPP_VAR_DIR": "/elsewhere"})
    places = [value for name, value in values.items() if name.endswith(("_DIR", "_PATH")) and name != "HPP_ROOT"]
    assert places
    assert all(place.startswith("/elsewhere") for place in places)
    assert all("${" not in value for value in values.values())


def test_settings_name_a_missing_variable_and_its_remedy() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HPP_REST_PORT"}
    code = (
        "import os; os.environ.pop('HPP_REST_PORT', None); from serving.settings import read_settings; read_settings()"
    )
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "HPP_REST_PORT" in run.stderr
    assert "make setup" in run.stderr
    assert "Traceback" not in run.stderr


def test_settings_refuse_a_port_out_of_range() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from serving.settings import read_settings; read_settings()"],
        env={**os.environ, "HPP_REST_PORT": "70000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "HPP_REST_PORT is '70000'" in run.stderr


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("from steps.core.errors import DataError; raise DataError('Mend the file.')", "DataError: Mend the file."),
        ("from serving.errors import BundleError; raise BundleError('Register.')", "BundleError: Register."),
    ],
)
def test_a_fault_that_a_person_can_mend_ends_a_process_with_its_message_alone(code: str, ending: str) -> None:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.strip() == ending


def test_any_other_fault_ends_a_process_with_its_traceback() -> None:
    run = subprocess.run([sys.executable, "-c", "1 / 0"], capture_output=True, text=True, check=False)
    assert run.stderr.startswith("Traceback")
