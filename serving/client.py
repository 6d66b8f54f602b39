"""Who calls the service."""

import msgspec


class Client(msgspec.Struct, frozen=True):
    """Who calls.

    Attributes:
        key_id: the public part of the key.
        limit: calls a minute; 0 for no limit.
    """

    key_id: str
    name: str
    limit: int
