"""Pages of other tools that the console points to: the addresses that are set, and whether someone answers there."""

import contextlib
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

ANSWERS_WITHIN_S = 0.5
KNOWN_FOR_S = 10.0
PORTS = {"http": 80, "https": 443}


class Links:
    """The addresses by name, looked up anew after a while.

    Args:
        addresses: by name; an empty one is none.
        reader_is_here: the console's readers are on its own machine. Elsewhere an address may lead somewhere else than
            from here, so that each is said to be answered.
    """

    def __init__(self, addresses: Mapping[str, str], reader_is_here: bool) -> None:
        self.addresses = {name: address for name, address in addresses.items() if address}
        self.reader_is_here = reader_is_here
        self._until = 0.0
        self._found: list[dict[str, Any]] = []

    def current(self) -> list[dict[str, Any]]:
        """For each address `{name, url, answers}`."""
        if time.monotonic() >= self._until:
            self._found = [
                {"name": name, "url": url, "answers": not self.reader_is_here or answers(url)}
                for name, url in self.addresses.items()
            ]
            self._until = time.monotonic() + KNOWN_FOR_S
        return self._found


def answers(url: str) -> bool:
    """Whether someone listens there. Nothing is sent."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or PORTS[parts.scheme])
    with contextlib.suppress(OSError), socket.create_connection(address, ANSWERS_WITHIN_S):
        return True
    return False
