"""What ZenML calls at the beginning and the end of a run, so that a bare `zenml pipeline run` shows its work as well.

@pipeline(on_init=show_run, on_cleanup=end_run)
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from zenml.client import Client

from serving.settings import read_settings
from steps.terminal.faults import paragraph
from steps.terminal.presentation import current, presented

_open = ExitStack()
_failed_at: list[tuple[str, Path | None]] = []


def show_run() -> None:
    """Show the steps of this run; nothing where a command shows them already, or on another orchestrator's machine.

    A pod's output is its log: it stays ZenML's own.
    """
    settings = read_settings()
    if current() is not None or settings.log == "full" or not Client().active_stack.orchestrator.config.is_local:
        return
    _failed_at.clear()
    _open.enter_context(presented("run", settings))
    sys.excepthook = _say_last


def end_run() -> None:
    """Give the log back to ZenML; where a step has failed is kept for the last words."""
    shown = current()
    if sys.excepthook is _say_last and shown is not None and shown.where:
        _failed_at.append((shown.where, shown.log))
    _open.close()


def _say_last(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The end of a process whose run failed: one paragraph."""
    _open.close()
    where, log = _failed_at[-1] if _failed_at else ("", None)
    if isinstance(error, KeyboardInterrupt) or log is None:
        sys.__excepthook__(kind, error, trace)
    else:
        sys.stderr.write(f"\n{paragraph(error, where, log)}\n")
