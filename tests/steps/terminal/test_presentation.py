"""What a command shows of its work, on a terminal and elsewhere."""

import contextlib
import io
import logging
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from zenml.exceptions import RunInterruptedException

from serving.settings import read_settings
from steps.core.errors import DataError
from steps.terminal.log_file import KEPT, new_log
from steps.terminal.presentation import Presentation, carried_out, current, followed, presented
from steps.terminal.tasks import task
from zenml_config.environment import ROOT

zenml = logging.getLogger("zenml.orchestrators.step_launcher")
ours = logging.getLogger("steps.gate")


def work(shown: Presentation) -> None:
    """What a pipeline logs, as ZenML 0.98 words it (the integration tests run the real one)."""
    zenml.warning("Using cached version of step `explore`.")
    zenml.warning("Step `gate` has started.")
    ours.warning("version 3 cannot be compared")
    ours.info("gate: promote")
    with task("search", 40, "fits") as tell:
        tell(39)
        tell(40)
    zenml.warning("Step `gate` has finished in `1.2s`.")
    shown.screen.say("done")


@pytest.fixture(autouse=True)
def info(platform_dir: Path) -> None:
    logging.getLogger("steps").setLevel(logging.INFO)


def logs(folder: Path) -> list[Path]:
    return sorted((folder / "logs").glob("*.log"))


def test_a_pipe_gets_plain_lines_one_a_step_and_the_log_file_everything(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = io.StringIO()
    assert carried_out("training", work, screen) == 0
    lines = screen.getvalue().splitlines()
    assert lines[0] == "  as before: explore"
    assert lines[1] == "    warning: version 3 cannot be compared"
    assert lines[2].startswith("    search: 40 of 40 fits (100%)")
    assert lines[3].split() == ["gate", lines[3].split()[1], "s", "promote"]
    assert lines[4:] == ["done"]
    assert "\x1b" not in screen.getvalue()
    (log,) = logs(platform_dir)
    assert "Step `gate` has started." in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def _all_of(leader: int) -> Iterator[bytes]:
    """What is written on the other side of a pseudo-terminal until it is closed there, which Linux says by EIO."""
    with os.fdopen(leader, "rb", buffering=0) as screen, contextlib.suppress(OSError):
        while part := screen.read(10_000):
            yield part


def test_a_terminal_gets_a_line_that_lives_and_is_gone_at_the_end() -> None:
    leader, follower = pty.openpty()
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.extend(_all_of(leader)))
    reader.start()
    with os.fdopen(follower, "w") as screen:
        assert carried_out("training", work, screen) == 0
    reader.join()
    seen = b"".join(read).decode()
    assert "40 of 40 fits" in seen
    assert "\x1b[?25l" in seen  # the cursor is hidden …
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")  # … and comes back


def test_a_command_with_a_story_of_its_own_gets_the_last_line_only_and_its_text_stays(platform_dir: Path) -> None:
    leader, follower = pty.openpty()
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.extend(_all_of(leader)))
    reader.start()
    with os.fdopen(follower, "w") as stream:
        with followed(stream) as screen:
            work(Presentation(screen, None, None))
            screen.write("10:00 the verdict\n")
        stream.write("afterwards\n")
    reader.join()
    seen = b"".join(read).decode()
    assert "40 of 40 fits" in seen
    assert "as before" not in seen
    assert "promote" not in seen
    assert "10:00 the verdict\r\n" in seen
    assert seen.endswith("afterwards\r\n")
    assert logs(platform_dir) == []


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (DataError("CRIM is -3. Wanted 0 to 100."), 1, "FAILED in the step gate: DataError: CRIM is -3."),
        (ZeroDivisionError("division by zero"), 1, "FAILED in the step gate: ZeroDivisionError: division by zero"),
        (KeyboardInterrupt(), 130, "INTERRUPTED in the step gate."),
        (RunInterruptedException("SIGTERM"), 130, "INTERRUPTED in the step gate."),
    ],
)
def test_a_failing_step_is_one_paragraph_with_its_exit_code_and_its_traceback_is_in_the_log(
    fault: BaseException, code: int, told: str, platform_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(shown: Presentation) -> None:
        zenml.warning("Step `gate` has started.")
        try:
            raise fault
        except Exception as err:
            zenml.error("Failed to run step `gate`: %s", err)
            zenml.exception("Step gate failed.")
            raise

    assert carried_out("training", fails, screen := io.StringIO()) == code
    said = capsys.readouterr().err
    assert said.strip().startswith(told)
    assert "Traceback" not in said + screen.getvalue()
    assert "failed" not in screen.getvalue()
    if code == 1:
        (log,) = logs(platform_dir)
        assert str(log) in said
        assert "Traceback" in log.read_text()


def test_what_libraries_warn_of_is_one_line_and_what_they_tell_is_in_the_log_only(platform_dir: Path) -> None:
    def noisy(shown: Presentation) -> None:
        logging.getLogger("feast.registry").warning("cache\nexpired")
        logging.getLogger("feast.registry").info("refreshing")

    assert carried_out("training", noisy, screen := io.StringIO()) == 0
    assert screen.getvalue() == "    warning: feast: cache expired\n"


def test_what_zenml_has_deprecated_in_its_own_models_is_no_line_and_what_others_have_is(platform_dir: Path) -> None:
    program = """
import warnings
from steps.terminal.presentation import carried_out

def work(shown):
    warnings.simplefilter("default")  # as some libraries do
    for module in ("zenml.models.v2.base.filter", "feast.registry"):
        warnings.warn_explicit("deprecated", DeprecationWarning, f"{module}.py", 1, module)

carried_out("training", work)
"""
    command = [sys.executable, "-W", "default", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert [line for line in done.stdout.splitlines() if "DeprecationWarning" in line] == [
        "    warning: py: feast.registry.py:1: DeprecationWarning: deprecated"
    ]


def test_the_full_log_is_left_alone_and_a_fault_is_raised(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPP_LOG", "full")
    handlers = list(logging.getLogger().handlers)

    def fails(shown: Presentation) -> None:
        assert logging.getLogger().handlers == handlers
        raise DataError("CRIM is -3.")

    with pytest.raises(DataError):
        carried_out("training", fails, io.StringIO())
    assert logs(platform_dir) == []


def test_one_command_inside_of_another_is_a_part_of_it_and_afterwards_nothing_is_left(platform_dir: Path) -> None:
    handlers = set(logging.getLogger().handlers)
    with presented("demo", read_settings(), io.StringIO()) as outer, presented("run", read_settings()) as inner:
        assert inner is outer
        assert current() is outer
    assert current() is None
    assert set(logging.getLogger().handlers) == handlers
    assert len(logs(platform_dir)) == 1


def test_a_log_that_cannot_be_written_stops_nothing(platform_dir: Path) -> None:
    (platform_dir / "logs").write_text("a file where the folder should be")
    assert carried_out("training", work, screen := io.StringIO()) == 0
    assert "There is no log file" in screen.getvalue()


def test_the_oldest_logs_beyond_those_that_are_kept_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(KEPT + 2):
        path = folder / f"old-{number}.log"
        path.touch()
        os.utime(path, (number, number))
    new_log(folder, "training").close()
    left = {path.name for path in folder.iterdir()}
    assert len(left) == KEPT
    assert not left & {"old-0.log", "old-1.log", "old-2.log"}
