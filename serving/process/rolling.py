"""What a service and the one who rolls it tell each other: two small files in the instance's folder.

`wanted` is written by the one who rolls, followed by SIGHUP; `state` is written by the service's main process.
"""

from pathlib import Path

import msgspec

from serving.files import write_atomically

WANTED, STATE = "wanted.json", "state.json"
FIRST = "start"


class Wanted(msgspec.Struct, frozen=True):
    """A bundle to be served from now on.

    Attributes:
        roll: a name of this wish, never used before.
        bundle: the bundle's folder.
        timeout_s: how long its workers may take until they are ready.
    """

    roll: str
    bundle: str
    timeout_s: float


class State(msgspec.Struct, frozen=True):
    """What is served now.

    Attributes:
        roll: the last wish that was dealt with.
        bundle: the folder of the bundle that is served.
        version: the model version in it.
        refused: why the last wish was refused; empty if it was granted.
    """

    roll: str
    bundle: str
    version: str
    refused: str = ""


def write_wanted(folder: Path, wanted: Wanted) -> None:
    """Put down which bundle is wanted."""
    write_atomically(folder / WANTED, msgspec.json.encode(wanted))


def read_wanted(folder: Path) -> Wanted | None:
    """The last wish, or None: there was none."""
    return _read(folder / WANTED, Wanted)


def write_state(folder: Path, state: State) -> None:
    """Put down what is served."""
    write_atomically(folder / STATE, msgspec.json.encode(state))


def read_state(folder: Path) -> State | None:
    """What is served, or None: the service is not ready yet, or gone."""
    return _read(folder / STATE, State)


def _read[T](path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
