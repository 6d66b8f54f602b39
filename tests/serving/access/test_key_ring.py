"""The keys as a worker holds them."""

import logging
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.access.key_ring import KEY_LENGTH, LOOK_EVERY_S, KeyRing, read_keys
from serving.errors import KeysError, UnauthorizedError
from serving.keys import make_key, revoke_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "api-keys.json"


def at_most(seconds: float, holds: object) -> bool:
    """Whether it comes to hold in time."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.02)
    return bool(holds())  # type: ignore[operator]


def fault(ring: KeyRing, presented: str | None) -> str:
    with pytest.raises(UnauthorizedError) as caught:
        ring.find(presented)
    return caught.value.fault


def test_a_key_finds_its_client(path: Path) -> None:
    first, second = make_key(path, "team-a", 100), make_key(path, "team-b", 7)
    ring = KeyRing(path)
    assert (ring.find(first).name, ring.find(first).limit) == ("team-a", 100)
    assert (ring.find(second).name, ring.find(second).limit) == ("team-b", 7)
    assert ring.find(second).key_id == second.split("_")[1]


def test_what_is_not_a_whole_valid_key_finds_nobody(path: Path) -> None:
    key, other = make_key(path, "team-a", 100), make_key(path, "team-b", 100)
    ring = KeyRing(path)
    assert fault(ring, None) == fault(ring, "") == "missing"
    wrong = [key[:-1], key + "0", key[:-1] + chr(ord(key[-1]) ^ 1), key.upper(), f" {key}", key[:17] + other[17:]]
    wrong += ["x" * KEY_LENGTH, "hpp_", key.replace("hpp_", "hpq_"), "0" * 100_000]
    assert {fault(ring, each) for each in wrong} == {"unknown"}


@given(st.text() | st.text(min_size=KEY_LENGTH, max_size=KEY_LENGTH) | st.characters(codec=None).map("é".__add__))
def test_nothing_that_is_presented_gets_in_or_fails_otherwise(
    tmp_path_factory: pytest.TempPathFactory, presented: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "hypothesis-keys.json"
    if not path.exists():
        make_key(path, "team-a", 100)
    with pytest.raises(UnauthorizedError):
        KeyRing(path).find(presented)


def test_the_file_has_no_key_and_no_secret_in_it(path: Path) -> None:
    key = make_key(path, "team-a", 100)
    assert key.rsplit("_", 1)[1] not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_keys_have_different_salts_and_secrets(path: Path) -> None:
    keys = [make_key(path, "team-a", 100) for _ in range(2)]
    assert keys[0].split("_")[2] != keys[1].split("_")[2]
    assert len({key.salt for key in read_keys(path)}) == 2


def test_a_change_is_seen_within_a_second(path: Path) -> None:
    first = make_key(path, "team-a", 100)
    ring = KeyRing(path)
    assert ring.find(first)
    second = make_key(path, "team-b", 100)
    revoke_key(path, "team-a")
    time.sleep(2 * LOOK_EVERY_S)
    assert ring.find(second).name == "team-b"
    assert fault(ring, first) == "revoked"


def test_the_file_is_not_asked_after_at_each_call(path: Path) -> None:
    key = make_key(path, "team-a", 100)
    ring = KeyRing(path)
    path.unlink()
    assert ring.find(key)


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"keys": [{"id": "../../etc"}]}', b"\xff", b'{"kees": []}'])
def test_a_broken_or_missing_file_lets_nobody_in_until_it_is_mended(
    path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    key = make_key(path, "team-a", 100)
    good = path.read_bytes()
    ring = KeyRing(path)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    time.sleep(LOOK_EVERY_S)
    for presented in (key, None, "x"):
        with pytest.raises(KeysError):
            ring.find(presented)
    assert [each for each in caplog.records if each.levelno == logging.ERROR]
    path.write_bytes(good)
    os.utime(path)
    time.sleep(LOOK_EVERY_S)
    assert ring.find(key)
