"""The one way in which commands show their work: a screen, a log file, and one paragraph if they fail.

HPP_LOG=full leaves all of it out: ZenML's own log is on the screen then, and tracebacks are.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from serving.settings import Settings, read_settings
from steps.terminal.faults import KEPT, paragraph, was_interrupted
from steps.terminal.log_file import new_log
from steps.terminal.narrator import TOLD_ELSEWHERE, Narrator
from steps.terminal.screen import Screen
from steps.terminal.tasks import heard_by

FAILED, INTERRUPTED = 1, 130  # exit codes; 128 + SIGINT is what a shell says of an interrupted program


class Presentation:
    """What is shown of a command's work.

    Attributes:
        screen: for what the command itself says.
        log: the file that has everything; None: there is none (HPP_LOG=full, or it cannot be written).
    """

    def __init__(self, screen: Screen, narrator: Narrator | None, log: Path | None) -> None:
        self.screen, self.log = screen, log
        self._narrator = narrator

    @property
    def where(self) -> str:
        """The step that is under way, or has failed; empty: none."""
        return f"the step {self._narrator.step}" if self._narrator and self._narrator.step else ""


_shown: list[Presentation] = []  # at most one: what begins inside of another one is a part of it


def current() -> Presentation | None:
    """What is shown now; None: nothing is."""
    return _shown[-1] if _shown else None


@contextmanager
def presented(name: str, settings: Settings, stream: TextIO | None = None) -> Iterator[Presentation]:
    """Inside, the work of this process is shown; inside of another one, this is a part of that.

    Args:
        name: of the command, for the name of its log file.
        stream: the screen; standard output if left out.
    """
    if _shown:
        yield _shown[-1]
        return
    screen = Screen(stream)
    if settings.log == "full":
        with _registered(Presentation(screen, None, None)) as one:
            yield one
        return
    with screen.open(), heard_by(screen), _logged(name, screen, settings) as one, _registered(one):
        yield one


@contextmanager
def followed(stream: TextIO) -> Iterator[Screen]:
    """A screen for a command that tells its own story: on a terminal its last line says which step is under way.

    The log stays as it is.
    """
    screen = Screen(stream)
    if not screen.is_live:
        yield screen
        return
    root, narrator = logging.getLogger(), Narrator(screen, lasting=False)
    with screen.open(), heard_by(screen):
        root.addHandler(narrator)
        try:
            yield screen
        finally:
            root.removeHandler(narrator)
            narrator.end()


@contextmanager
def _registered(one: Presentation) -> Iterator[Presentation]:
    _shown.append(one)
    try:
        yield one
    finally:
        _shown.remove(one)


@contextmanager
def _logged(name: str, screen: Screen, settings: Settings) -> Iterator[Presentation]:
    """Inside, the root logger tells the screen and the file, in place of ZenML's console."""
    with screen.busy("loading the libraries") if "zenml" not in sys.modules else nullcontext():
        import zenml.logger as zenml_logger  # it sets the root logger up when it is imported
    root, narrator = logging.getLogger(), Narrator(screen)
    ours: list[logging.Handler] = [narrator]
    try:
        ours.append(new_log(settings.var_dir / "logs", name))
    except OSError as err:
        screen.say(f"  There is no log file: {err}.", "yellow")
    consoles = [one for one in root.handlers if isinstance(one, zenml_logger.ZenMLConsoleHandler)]
    logging.captureWarnings(capture=True)
    _exchange(root, consoles, ours)
    log = Path(ours[1].baseFilename) if len(ours) > 1 and isinstance(ours[1], logging.FileHandler) else None
    try:
        yield Presentation(screen, narrator, log)
    finally:
        _exchange(root, ours, consoles)
        narrator.end()
        for one in ours:
            one.close()


def _exchange(root: logging.Logger, old: Sequence[logging.Handler], new: Sequence[logging.Handler]) -> None:
    for one in old:
        root.removeHandler(one)
    for one in new:
        root.addHandler(one)


def carried_out(name: str, work: Callable[[Presentation], int | None], stream: TextIO | None = None) -> int:
    """The exit code of a command's work, which is shown while it goes on.

    A fault is one paragraph on standard error, and its traceback is in the log; with HPP_LOG=full it is raised.
    """
    settings = read_settings()
    with presented(name, settings, stream) as shown:
        try:
            return work(shown) or 0
        except (KeyboardInterrupt, Exception) as err:
            where = shown.where
            if was_interrupted(err):
                text, code = f"INTERRUPTED{f' in {where}' if where else ''}. {KEPT}", INTERRUPTED
            elif settings.log == "full":
                raise
            else:
                logging.getLogger(__name__).error("%s failed", name, exc_info=True, extra={TOLD_ELSEWHERE: True})
                text, code = paragraph(err, where, shown.log), FAILED
    sys.stderr.write(f"\n{text}\n")
    return code
