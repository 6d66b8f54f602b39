"""Who calls the service."""

from typing import Annotated

import msgspec

TenantName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")]


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which houses a key may ask for: those whose feature is from `low` to `high`, both ends included.

    Attributes:
        column: a stored feature of the contract.
        low, high: in the feature's unit.
    """

    column: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}\Z")]
    low: float
    high: float

    @property
    def words(self) -> str:
        """The range as an operator writes it."""
        return f"{self.column}={self.low:g}..{self.high:g}"


class Client(msgspec.Struct, frozen=True):
    """Who calls.

    Attributes:
        key_id: the public part of the key.
        limit: calls a minute; 0 for no limit.
        tenant: whose houses and receipts it may see; empty: it belongs to no tenant.
        segments: the houses that it may ask for: of one column any of the ranges, of several columns each; none: all.
    """

    key_id: str
    name: str
    limit: int
    tenant: str = ""
    segments: tuple[Segment, ...] = ()

    @property
    def label(self) -> str:
        """The name that receipts and true prices keep: `tenant/name`, or the name of a client without a tenant."""
        return f"{self.tenant}/{self.name}" if self.tenant else self.name


def tenant_of(label: str) -> str:
    """The tenant in the name that a receipt keeps; empty: none."""
    tenant, slash, _ = label.partition("/")  # no name has a slash
    return tenant if slash else ""
