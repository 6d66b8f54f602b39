"""Limits that several machines share."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.access import redis_limits as module
from serving.access.limits import Limits, open_limits
from serving.access.redis_limits import RedisLimits
from serving.client import Client
from serving.errors import LimitError, LimitsError
from serving.settings import read_settings
from tests.ports import free_port
from tests.redis_server import redis_server

HAMMER = """
import sys, serving.access.redis_limits as r, serving.errors as e
limits, client, count = r.RedisLimits(sys.argv[1]), r.Client("ha", "team-a", int(sys.argv[2])), 0
for _ in range(int(sys.argv[3])):
    try:
        limits.count(client)
    except e.LimitError:
        continue
    count += 1
print(count)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Redis."""
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield f"redis://127.0.0.1:{port}/0"


def admitted(limits: Limits, calls: int, who: Client) -> int:
    count = 0
    for _ in range(calls):
        try:
            limits.count(who)
        except LimitError:
            continue
        count += 1
    return count


def test_processes_that_call_at_once_are_admitted_exactly_as_often_as_the_limit_says(address: str) -> None:
    command = [sys.executable, "-c", HAMMER, address, "500", "300"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in processes) == 500


def test_the_window_slides_call_by_call(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits, who, start = RedisLimits(address), Client("slides", "team-a", 3), time.time()
    for second, calls, expected in ((0, 1, 1), (10, 1, 1), (20, 9, 1), (59.9, 9, 0), (60.1, 9, 1), (70.1, 9, 1)):
        monkeypatch.setattr("limits.storage.redis.time.time", lambda second=second: start + second)
        assert admitted(limits, calls, who) == expected


def test_a_key_whose_limit_changes_gets_the_new_one(address: str) -> None:
    limits = RedisLimits(address)
    assert [admitted(limits, 40, Client("changes", "team-a", n)) for n in (5, 8, 3, 30)] == [5, 3, 0, 22]


def test_a_refusal_says_in_how_many_whole_seconds_to_come_again(address: str) -> None:
    limits, who = RedisLimits(address), Client("refused", "team-a", 1)
    started = time.monotonic()
    limits.count(who)
    with pytest.raises(LimitError) as refused:
        limits.count(who)
    assert 60 - (time.monotonic() - started) <= int(dict(refused.value.headers)["Retry-After"]) <= 60


def test_what_redis_keeps_of_a_key_is_bounded_and_goes_away(address: str) -> None:
    import redis

    limits, who = RedisLimits(address), Client("bounded", "team-a", 20)
    admitted(limits, 100, who)
    with redis.Redis.from_url(address) as client:
        (key,) = client.keys("*bounded*")
        assert client.llen(key) == 20
        assert 0 < client.ttl(key) <= 60


def test_calls_are_refused_while_redis_is_away_and_admitted_when_it_is_back(tmp_path: Path) -> None:
    who = Client("away", "team-a", 5)
    with redis_server(tmp_path) as port:
        limits = RedisLimits(f"redis://127.0.0.1:{port}/0")
        limits.count(who)
    for _ in range(3):
        with pytest.raises(LimitsError):
            limits.count(who)
    with redis_server(tmp_path, port):
        time.sleep(module.PAUSE_S)
        limits.count(who)


@pytest.mark.parametrize("place", ["redis://:secret@host:secret/0", "redis://:sec#ret@[host"])
def test_an_address_that_is_none_is_refused_without_being_shown(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("HPP_RATE_LIMIT_STORE", place)
    with pytest.raises(LimitsError, match="is no address") as refused:
        open_limits(read_settings())
    assert "sec" not in refused.value.info


def test_the_setting_chooses_redis_even_before_it_answers(platform_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPP_RATE_LIMIT_STORE", f"redis://:secret@127.0.0.1:{free_port()}/0")
    limits = open_limits(read_settings())
    with pytest.raises(LimitsError) as refused:
        limits.count(Client("any", "team-a", 5))
    assert "secret" not in refused.value.info
