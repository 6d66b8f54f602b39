"""What is remembered of the online rows of each view, in a file that is there whole or not at all."""

import contextlib
import fcntl
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from serving.files import write_atomically
from steps.core.materialization import State


class StateFile:
    """The state of one view.

    Args:
        folder: where the states are kept.
        name: of the view, with its project.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold back every other materialization of this view; the kernel lets go however the process ends."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self, store: str, features: tuple[str, ...]) -> State:
        """What is known of this store with these columns; nothing if it is about others, or cannot be read."""
        nothing = State(store=store, features=features)
        try:
            state = State.model_validate_json(self.path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return nothing
        return state if (state.store, state.features) == (store, features) else nothing

    def write(self, state: State) -> None:
        """Remember the state."""
        write_atomically(self.path, state.model_dump_json().encode())


def store_identity(online_store: Any) -> str:
    """A name for the configured online store, the same as long as its settings are, without its password."""
    settings = json.dumps(online_store.model_dump(mode="json"), sort_keys=True)
    plain = re.sub(r"(password=)[^,\"]*", r"\1…", settings)
    return f"{online_store.type} {hashlib.sha256(plain.encode()).hexdigest()[:16]}"
