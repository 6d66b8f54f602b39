"""Who may call: the key, then the limit; what is refused is written down."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from serving.access.audit import Audit
from serving.access.key_ring import KeyRing
from serving.access.limits import Limits, open_limits
from serving.access.proxies import Proxies
from serving.client import Client
from serving.errors import OutsideTenantError, ServingError
from serving.settings import Settings

logger = logging.getLogger(__name__)

ANONYMOUS = Client(key_id="", name="anonymous", limit=0)


class Admission:
    """The door of a worker.

    Args:
        ring: the keys; None lets everybody in.
        limits: what counts the calls.
        audit: where the refused calls go.
        proxies: in front of the service.
    """

    def __init__(self, ring: KeyRing | None, limits: Limits, audit: Audit, proxies: Proxies) -> None:
        self.ring = ring
        self.limits = limits
        self.audit = audit
        self.proxies = proxies

    def admit(self, presented: str | None, path: str, peer: str, forwarded: str = "") -> Client:
        """The client that calls; the call is counted.

        Args:
            presented: the key as it came, if one came.
            path: what is called, for the audit.
            peer: the address that has connected, for the audit.
            forwarded: its `X-Forwarded-For`, for the audit.

        Raises:
            UnauthorizedError: 401, the key.
            LimitError: 429, the limit, with Retry-After.
            KeysError: 503, the keys cannot be read.
            LimitsError: 503, the calls cannot be counted.
        """
        if self.ring is None:
            return ANONYMOUS
        client: Client | None = None
        try:
            client = self.ring.find(presented)
            self.limits.count(client)
        except ServingError as err:
            caller = self.proxies.caller(peer, forwarded)
            self.audit.record(err, client or getattr(err, "client", None), path, caller)
            raise
        return client

    @contextmanager
    def tenancy(self, client: Client, path: str, peer: str, forwarded: str = "") -> Iterator[None]:
        """Inside, what a tenant may not ask for is written down as the refusals at the door are."""
        try:
            yield
        except OutsideTenantError as err:
            self.audit.record(err, client, path, self.proxies.caller(peer, forwarded))
            raise


def open_admission(settings: Settings) -> Admission:
    """The door as the settings want it. Call it in the process that serves, after the fork.

    Raises:
        LimitsError: HPP_RATE_LIMIT_STORE names no place that is known.
    """
    if settings.authentication == "off":
        logger.warning("HPP_AUTHENTICATION is off: everybody is let in, without a limit.")
    ring = None if settings.authentication == "off" else KeyRing(settings.api_keys)
    audit = Audit(settings.audit_dir, settings.audit_days)
    return Admission(ring, open_limits(settings), audit, Proxies(settings.trusted_proxies))
