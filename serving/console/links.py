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
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = {name: address for name, address in addresses.items() if address}
        self._until = 0.0
        self._found: list[dict[str, Any]] = []

    def current(self) -> list[dict[str, Any]]:
        """For each address `{name, url, answers}`."""
        if time.monotonic() >= self._until:
            self._found = [{"name": name, "url": url, "answers": answers(url)} for name, url in self.addresses.items()]
            self._until = time.monotonic() + KNOWN_FOR_S
        return self._found


def answers(url: str) -> bool:
    """Whether someone listens there. Nothing is sent."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or PORTS[parts.scheme])
    with contextlib.suppress(OSError), socket.create_connection(address, ANSWERS_WITHIN_S):
        return True
    return False
