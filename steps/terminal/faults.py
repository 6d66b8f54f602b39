"""A fault as one paragraph: what went wrong and where, and what to do."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

LONGEST = 4000  # characters of an error that is not ours: some carry a whole query with its parameters
LONGEST_VALUE = 80
KEPT = "What was finished is kept: the same command goes on."
# What cannot be reached: the beginning of a module's name, and the setting to look at.
STORES = {
    "redis": "Redis cannot be used (HPP_ONLINE_STORE, HPP_RATE_LIMIT_STORE)",
    "sqlalchemy": "A database cannot be used (ZENML_STORE_URL, MLFLOW_TRACKING_URI, HPP_REGISTRY)",
    "psycopg": "PostgreSQL cannot be used (MLFLOW_TRACKING_URI, HPP_REGISTRY)",
    "pymysql": "MariaDB cannot be used (ZENML_STORE_URL)",
    "botocore": "The bucket cannot be used (HPP_OFFLINE_DIR, HPP_ARTIFACT_STORE, AWS_ENDPOINT_URL)",
}


def is_ours(error: BaseException) -> bool:
    """Whether its message is all that a person needs."""
    return bool(getattr(error, "needs_no_traceback", False))


def was_interrupted(error: BaseException) -> bool:
    """Whether somebody ended it; ZenML raises its own exception for SIGINT and SIGTERM in a step."""
    return isinstance(error, KeyboardInterrupt) or type(error).__name__ == "RunInterruptedException"


def in_words(error: BaseException) -> str | None:
    """What went wrong and what to do; None: the platform has no words for it."""
    if is_ours(error):
        return str(error)
    if was_interrupted(error):
        return f"It was interrupted. {KEPT}"
    if (wrong := _validation_fault(error)) is not None:
        faults = "; ".join(_of_parameter(one) for one in wrong.errors())
        return f"The configuration is not usable: {faults}. Mend the file that was given with -c (zenml_config/)."
    store = next((words for name, words in STORES.items() if type(error).__module__.startswith(name)), None)
    if store is not None:
        return f"{store}: {_first_line(error)}. Is it running, and is its address right (zenml_config/local.env)?"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return None


def paragraph(error: BaseException, where: str = "", log: Path | None = None) -> str:
    """What a command says last when it fails.

    Args:
        where: such as the step that failed.
        log: the file that has the traceback, if there is one.
    """
    words = in_words(error)
    if words is None:
        words = f"{type(error).__name__}: {_shortened(str(error)).rstrip('.')}. It was not foreseen: please report it."
    elif is_ours(error):
        words = f"{type(error).__name__}: {words}"
    text = f"FAILED{f' in {where}' if where else ''}: {words}"
    return f"{text}\nThe whole log, with the traceback: {log} (HPP_LOG=full shows it here)" if log else text


def _validation_fault(error: BaseException) -> ValidationError | None:
    """What pydantic found wrong, which ZenML only says that there is."""
    for one in (error, error.__cause__):
        if isinstance(one, ValidationError):
            return one
    return None


def _of_parameter(fault: ErrorDetails) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    known: dict[str, Any] = {
        "missing_argument": f"`{name}` is missing",
        "missing": f"`{name}` is missing",
        "unexpected_keyword_argument": f"`{name}` is not known (misspelt?)",
        "extra_forbidden": f"`{name}` is not known (misspelt?)",
    }
    value = repr(fault["input"])
    shown = value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"
    return str(known.get(fault["type"], f"`{name}` is {shown}: {fault['msg']}"))


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
