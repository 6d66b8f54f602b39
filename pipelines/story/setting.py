"""Where the story takes place: a folder and ports of its own, so that nothing else on the machine is touched."""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pipelines.story.plot import StoryError
from serving import service
from serving.process.processes import free_port
from serving.settings import read_settings
from zenml_config.environment import ROOT, read

MARK = "HPP_STORY"  # set in the environment of the story's own processes: its folder
SIGN = "a-story-lives-here"  # a file in the folder: it may be removed by the next story
HOST = "127.0.0.1"
OWN = {
    "HPP_HOST": HOST,
    "HPP_LOG": "full",  # all of it goes to the story's log
    "HPP_PROFILE_SECONDS": "1",  # a verdict need not wait half a minute for the profiles
    "HPP_DRAIN_SECONDS": "15",  # the caller's connections take turns, and the machine is busy: each gets to move on
    "HPP_RATE_LIMIT": "60000",
}


def take_place(var: Path) -> None:
    """Nothing, in a process whose environment is the story's; any other one is replaced by such a process."""
    if os.environ.get(MARK) == str(var):
        return
    arguments = [sys.executable, "-O", "-m", "pipelines.story", *sys.argv[1:]]
    os.execve(sys.executable, arguments, environment(var, dict(os.environ)))  # noqa: S606  # ourselves


def environment(var: Path, outer: dict[str, str]) -> dict[str, str]:
    """The story's environment: the embedded defaults, whatever the caller's own platform is set to."""
    ours = read(ROOT / "zenml_config" / "local.env", {})
    kept = {
        name: value for name, value in outer.items() if name not in ours and not name.startswith(("HPP_", "ZENML_"))
    }
    names = ("HPP_REST_PORT", "HPP_METRICS_PORT", "HPP_GRPC_PORT", "HPP_CONSOLE_PORT")
    ports = {name: str(free_port(HOST)) for name in names}
    on_call = {"HPP_ALERT_WEBHOOK": f"http://{HOST}:{free_port(HOST)}/alerts"}
    return {**kept, **OWN, **ports, **on_call, "HPP_VAR_DIR": str(var), MARK: str(var)}


@contextmanager
def stage(var: Path) -> Iterator[None]:
    """The folder, empty; what was started in it is stopped afterwards.

    Raises:
        StoryError: another story is at work in it, or what lies there is no story's.
    """
    var.parent.mkdir(parents=True, exist_ok=True)
    with (var.parent / f".{var.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise StoryError(f"Another story is at work in {var}. Wait for it, or stop it.") from err
        _clear(var)
        try:
            yield
        finally:
            service.stop_all(read_settings())


def _clear(var: Path) -> None:
    if var.exists():
        if any(var.iterdir()) and not (var / SIGN).exists():
            raise StoryError(f"{var} holds something else than a story. Name another folder: --var FOLDER.")
        service.stop_all(read_settings())
        shutil.rmtree(var)
    var.mkdir()
    (var / SIGN).touch()


@contextmanager
def backstage(log: Path) -> Iterator[TextIO]:
    """The screen; everything else that is printed, by whatever process, goes to the log meanwhile."""
    _flush()
    screen, errors = os.dup(1), os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        with os.fdopen(os.dup(screen), "w") as stream:
            yield stream
    finally:
        _flush()
        os.dup2(screen, 1)
        os.dup2(errors, 2)
        os.close(screen)
        os.close(errors)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
