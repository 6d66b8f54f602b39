"""Whose call it is where proxies stand in front: no header makes a caller somebody else."""

import http.client
import json
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.access.proxies import LONGEST_CHAIN, MOST_HOPS, Proxies
from serving.settings import read_settings
from tests.serving.conftest import PREDICTIONS, Client
from tests.serving_platform import ServingPlatform

GATEWAY, OUTER, CALLER, LIE = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.66"
PROXIES = Proxies([ip_network("10.0.0.0/24"), ip_network("2001:db8:1::/48")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        (GATEWAY, CALLER, CALLER),
        (GATEWAY, f"{CALLER}, {OUTER}", CALLER),
        (GATEWAY, f"{LIE}, {CALLER}", CALLER),
        (GATEWAY, f"{LIE},{LIE}, {CALLER}, {OUTER}", CALLER),
        (GATEWAY, f"{OUTER}, {CALLER}", CALLER),
        (CALLER, LIE, CALLER),
        (GATEWAY, "", GATEWAY),
        (GATEWAY, OUTER, OUTER),
        (GATEWAY, f"{LIE}, unknown", GATEWAY),
        (GATEWAY, f"{LIE}, unknown, {OUTER}", OUTER),
        (GATEWAY, f"{LIE},,", GATEWAY),
        (GATEWAY, f"{CALLER}:51234", CALLER),
        (GATEWAY, "[2001:db8:9::7]:51234", "2001:db8:9::7"),
        (GATEWAY, "2001:DB8:9:0::7", "2001:db8:9::7"),
        ("2001:db8:1::1", CALLER, CALLER),
        (f"::ffff:{GATEWAY}", f"::ffff:{CALLER}", CALLER),
        (GATEWAY, "fe80::1%<script>", GATEWAY),
        (GATEWAY, "203.0.113.7.1", GATEWAY),
        ("unix", LIE, "unix"),
    ],
)
def test_the_caller_is_the_last_address_that_is_no_proxys(peer: str, forwarded: str, caller: str) -> None:
    assert PROXIES.caller(peer, forwarded) == caller


def test_nobody_is_believed_where_no_proxy_is_named() -> None:
    assert Proxies().caller(GATEWAY, LIE) == GATEWAY


def test_a_chain_that_is_too_long_is_read_from_its_end() -> None:
    assert PROXIES.caller(GATEWAY, f"{LIE}," * 100_000 + CALLER) == CALLER
    assert PROXIES.caller(GATEWAY, "x" * LONGEST_CHAIN * 2) == GATEWAY
    assert PROXIES.caller(GATEWAY, f"{LIE}," + ",".join([OUTER] * (MOST_HOPS + 5))) == OUTER
    half = "9" * LONGEST_CHAIN + f"9.0.0.1,{OUTER}".ljust(LONGEST_CHAIN - 2)  # cut, its first would be 99.0.0.1
    assert PROXIES.caller(GATEWAY, half) == OUTER


@given(claimed=st.text(max_size=200), caller=st.integers(0, 2**32 - 1).map(IPv4Address))
def test_whatever_a_caller_claims_the_address_that_the_proxy_saw_counts(claimed: str, caller: IPv4Address) -> None:
    found = PROXIES.caller(GATEWAY, f"{claimed}, {caller}")
    if caller not in ip_network("10.0.0.0/24"):
        assert found == str(caller)


@given(peer=st.text(max_size=50), forwarded=st.text(max_size=400))
def test_no_text_raises_and_what_is_found_is_the_peer_or_an_address(peer: str, forwarded: str) -> None:
    found = PROXIES.caller(peer, forwarded)
    assert found == peer or ip_address(found)
    believing = Proxies([ip_network("0.0.0.0/0"), ip_network("::/0")]).caller(GATEWAY, forwarded)
    assert ip_address(believing)


def test_the_networks_come_from_the_settings_and_a_wrong_one_is_named(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings().trusted_proxies == ()
    monkeypatch.setenv("HPP_TRUSTED_PROXIES", "10.0.0.0/24, 2001:db8::/48 192.0.2.1")
    wanted = (ip_network("10.0.0.0/24"), ip_network("2001:db8::/48"), ip_network("192.0.2.1/32"))
    assert read_settings().trusted_proxies == wanted
    monkeypatch.setenv("HPP_TRUSTED_PROXIES", "10.0.0.0/24, 10.0.0.1/8")
    with pytest.raises(SystemExit, match=r"HPP_TRUSTED_PROXIES is .* 10\.0\.0\.1/8 has host bits set"):
        read_settings()


def test_the_audit_of_a_real_service_has_the_address_that_its_proxy_saw_in_the_last_of_two_headers(
    client: Client, serving_platform: ServingPlatform
) -> None:
    connection = http.client.HTTPConnection(client.service.host, client.service.port, timeout=30)
    connection.putrequest("POST", PREDICTIONS)
    for name, value in {"X-API-Key": "hpp_none", "Content-Length": "0"}.items():
        connection.putheader(name, value)
    for address in (LIE, "203.0.113.99"):  # a proxy may add a header of its own behind the caller's
        connection.putheader("X-Forwarded-For", address)
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()
    audit = serving_platform.var / "audit"
    lines = [json.loads(line) for path in audit.glob("refused-*.jsonl") for line in path.open()]
    addresses = {line.get("address") for line in lines}
    assert "203.0.113.99" in addresses
    assert LIE not in addresses
