"""The settings of the platform as environment variables, from one file for each environment.

`python zenml_config/environment.py install` makes every interpreter of the virtual environment load them at its start,
so that `zenml`, `feast`, `mlflow` and our own commands agree on them in any shell (docs/decisions/0002).
Only the standard library is imported here: this runs at the start of every interpreter.
"""

import os
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / "zenml_config" / "local.env"
FROM_FILE = "${file:"
PTH_NAME = "house_price_platform.pth"


def read(path: Path, outer: dict[str, str]) -> dict[str, str]:
    """The variables of an environment file, in its order, with `${NAME}` replaced.

    Args:
        path: a file of `NAME=value` lines; `#` starts a comment line.
        outer: the variables that are already set: they win over the file's lines and can be referred to by them.

    `${file:PATH}` is replaced by what the file holds, such as a password that is mounted.

    Raises:
        ValueError: a line is no assignment, names a file that cannot be read, or refers to what nothing sets.
    """
    known = {"HPP_ROOT": str(ROOT), **outer}
    values = {"HPP_ROOT": known["HPP_ROOT"]}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.isidentifier():
            raise ValueError(f"{path}, line {number}: wanted NAME=value, got {line!r}.")
        if name not in known:  # else a file that nobody needs would have to be there
            for other, replacement in known.items():
                value = value.replace("${" + other + "}", replacement)
            if "${" in value.replace(FROM_FILE, ""):
                raise ValueError(f"{path}, line {number}: {name} refers to a variable that is not set: {value!r}.")
            known[name] = _with_secrets(value, f"{path}, line {number}")
        values[name] = known[name]
    return values


def _with_secrets(value: str, place: str) -> str:
    """The value with the content of the files that it names."""
    while FROM_FILE in value:
        before, _, rest = value.partition(FROM_FILE)
        name, _, after = rest.partition("}")
        try:
            value = before + Path(name).read_text().strip() + after
        except OSError as err:
            raise ValueError(f"{place}: the file {name} cannot be read ({err.strerror}).") from err
    return value


def load() -> None:
    """Set what the environment says in its files, and how a process ends that failed.

    What is set already wins, then the files that HPP_ENVIRONMENT_FILE names, `:` between them, then local.env.
    """
    named = [Path(name) for name in os.environ.get("HPP_ENVIRONMENT_FILE", "").split(os.pathsep) if name]
    if named:  # a process that starts in another folder must find them too
        os.environ["HPP_ENVIRONMENT_FILE"] = os.pathsep.join(str(path.resolve()) for path in named)
    for path in (*named, LOCAL):
        os.environ.update(read(path, dict(os.environ)))
    if not os.isatty(1):
        os.environ.setdefault("ZENML_LOGGING_COLORS_DISABLED", "true")  # ZenML does not look
    sys.excepthook = say


def say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Nothing; the end of a process that failed: of what a person can mend, the message alone (HPP_LOG=full: all)."""
    if os.environ.get("HPP_LOG") == "full":
        sys.__excepthook__(kind, error, trace)
    elif getattr(kind, "needs_no_traceback", False):
        sys.stderr.write(f"\n{kind.__name__}: {error}\n")
    elif type(error.__cause__).__module__.startswith("pydantic_core") and "zenml.pipelines" in sys.modules:
        from steps.terminal.faults import paragraph  # ZenML says of a wrong parameter only that there is one

        sys.stderr.write(f"\n{paragraph(error)}\n")
    else:
        sys.__excepthook__(kind, error, trace)


def install() -> Path:
    """The path of the `.pth` file that was written into this interpreter's site-packages."""
    import sysconfig

    target = Path(sysconfig.get_paths()["purelib"]) / PTH_NAME
    # The folder is put on the path too: `zenml` and `python -m` then find our packages from any working directory.
    target.write_text(f"{ROOT}\nimport zenml_config.environment; zenml_config.environment.load()\n")
    return target


if __name__ == "__main__" and sys.argv[1:] == ["install"]:
    install()
