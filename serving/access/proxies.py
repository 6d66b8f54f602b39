"""Whose call it is where proxies stand in front of the service: they are believed, and callers are not."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MOST_HOPS = 16
LONGEST_HOP = 64
LONGEST_CHAIN = MOST_HOPS * LONGEST_HOP
# Some proxies name the port as well; an IPv6 address with one stands in brackets.
_WITH_PORT = re.compile(r"(?:(?P<four>[0-9.]+)(?::\d{1,5})?|\[(?P<six>[0-9A-Fa-f:.]+)\](?::\d{1,5})?)")


class Proxies:
    """The proxies whose `X-Forwarded-For` is believed.

    Args:
        networks: where they are; none: nobody is believed.
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def caller(self, peer: str, forwarded: str) -> str:
        """The address of the caller: the last in the chain that is none of the proxies'; never an error.

        Each proxy adds at the end who asked it, so that the chain is read from there, as long as proxies of ours
        wrote it. What is before the first stranger, and what is behind something that is no address, may be anybody's
        invention. A chain of proxies alone has its first one as the caller.

        Args:
            peer: who has connected to the service.
            forwarded: the header as it came, several joined by commas; empty: there is none.
        """
        found = peer
        if not forwarded or not self._networks or not self._trusted(_address(peer)):
            return found
        hops = forwarded[-LONGEST_CHAIN:].rsplit(",", MOST_HOPS)
        whole = len(forwarded) <= LONGEST_CHAIN and len(hops) <= MOST_HOPS
        for hop in reversed(hops if whole else hops[1:]):  # of a chain that was cut, the first may be half of one
            address = _address(hop)
            if address is None:
                break
            found = str(address)
            if not self._trusted(address):
                break
        return found

    def _trusted(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> Address | None:
    """The address that is written there, with or without a port; None: it is none."""
    text = text.strip(' \t"')
    if len(text) > LONGEST_HOP or "%" in text:  # a zone may be any text, and is of one machine only
        return None
    if named := _WITH_PORT.fullmatch(text):
        text = named["four"] or named["six"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
