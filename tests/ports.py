"""Free ports for the servers that the tests start."""

import socket


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
