"""The calls of the clients counted in Redis, for services on several machines."""

import logging
import time

import redis
from limits.errors import StorageError
from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from serving.access.limits import over
from serving.access.window import WINDOW_S
from serving.client import Client
from serving.errors import LimitsError

logger = logging.getLogger(__name__)

TIMEOUT_S = 0.5
PAUSE_S = 1.0
PREFIX = "hpp:limits"


class RedisLimits:
    """A moving window for each key in Redis, decided by one script there, so that it is exact over all callers.

    The times are the callers' own: machines whose clocks differ by a second are exact to a second.
    While Redis does not answer, calls are refused with 503: a limit that cannot be counted is not waived. After one
    that failed, the calls of the next second are refused without asking.

    Args:
        address: redis://, rediss:// or unix://.

    Raises:
        LimitsError: the address is none; that Redis does not answer shows at the first call.
    """

    def __init__(self, address: str) -> None:
        try:
            pool = redis.ConnectionPool.from_url(
                address,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                retry=Retry(NoBackoff(), 1),  # a connection that Redis closed at its restart
            )
        except ValueError:  # its text may have a part of the password
            raise LimitsError("HPP_RATE_LIMIT_STORE is no address: wanted redis://host:port/number.") from None
        self._storage = RedisStorage(address, pool, PREFIX, wrap_exceptions=True)
        self._ask_again = 0.0

    def count(self, client: Client) -> None:
        """Count one call; see `Limits`."""
        if time.monotonic() < self._ask_again:
            raise LimitsError(_SILENT)
        try:
            # The window's name is the key's alone, so that another limit goes on with the same count.
            if self._storage.acquire_entry(client.key_id, client.limit, WINDOW_S):
                return
            oldest, _ = self._storage.get_moving_window(client.key_id, client.limit, WINDOW_S)
        except StorageError as err:
            self._ask_again = time.monotonic() + PAUSE_S
            logger.error("Calls are refused: the Redis of the rate limits does not answer: %s", err.storage_error)
            raise LimitsError(_SILENT) from err
        raise over(client, oldest + WINDOW_S - time.time())


_SILENT = "The store of the rate limits does not answer, so that no call can be admitted. Try again in a few seconds."
