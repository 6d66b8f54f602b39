"""How many calls a key has had in the last minute, exactly, over all workers that share a folder or a Redis."""

import logging
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from serving.access.window import Window
from serving.client import Client
from serving.errors import LimitError, LimitsError
from serving.settings import Settings

logger = logging.getLogger(__name__)

MOST_OPEN = 256


class Limits(Protocol):
    """What counts the calls of the clients."""

    def count(self, client: Client) -> None:
        """Count one call.

        Raises:
            LimitError: it is one too many; refused calls do not count.
            LimitsError: the count cannot be known; the call is refused then too.
        """


class LocalLimits:
    """The counts of all processes of this machine that use the folder, whichever start of the service they belong to.

    Open it in the process that counts, not before a fork.

    Args:
        folder: one file for each key that has called.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._windows: dict[str, Window] = {}
        self._lock = threading.Lock()  # the lock of a file holds back other processes, not our own threads
        self._next_word = 0.0

    def count(self, client: Client) -> None:
        """Count one call; see `Limits`."""
        try:
            with self._lock:
                window = self._windows.get(client.key_id) or self._open(client.key_id)
                wait_s = window.admit(client.limit)
        except OSError as err:
            self._tell(client)
            raise LimitsError("The service cannot count its calls now. Try again in a few seconds.") from err
        if wait_s:
            raise over(client, wait_s)

    def _tell(self, client: Client) -> None:
        """Write the fault that is being handled to the log, once a second at most."""
        if time.monotonic() >= self._next_word:
            self._next_word = time.monotonic() + 1
            logger.exception("Calls of %s are refused: they cannot be counted in %s", client.name, self.folder)

    def _open(self, key_id: str) -> Window:
        while len(self._windows) >= MOST_OPEN:
            self._windows.pop(next(iter(self._windows))).close()
        window = self._windows[key_id] = Window(self.folder / key_id)
        return window


def over(client: Client, wait_s: float) -> LimitError:
    """The refusal of a client that may come again after a time."""
    retry_after_s = max(1, math.ceil(wait_s))
    info = f"The limit of this API key is {client.limit} calls a minute. Try again in {retry_after_s} s."
    return LimitError(info, client.limit, retry_after_s)


def open_limits(settings: Settings) -> Limits:
    """The counts where HPP_RATE_LIMIT_STORE says that they are.

    Raises:
        LimitsError: it names no place that is known. The message leaves out the address, which may hold a password.
    """
    place = settings.rate_limit_store
    if place == "local":
        return LocalLimits(settings.run_dir / "limits")
    scheme, found, _ = place.partition("://")
    if not found or scheme not in ("redis", "rediss", "unix"):
        wanted = "Wanted HPP_RATE_LIMIT_STORE=local, or an address that starts with redis://, rediss:// or unix://"
        raise LimitsError(f"{wanted}; got {'one with ' + scheme[:20] + '://' if found else 'something else'}.")
    opened: Callable[[str], Limits]
    from serving.access.redis_limits import RedisLimits as opened  # noqa: N813  # only where it is used: 20 MB

    return opened(place)
