"""Runs of materialization that are killed: a few here, twenty in `python -m benchmarks.materialization_kills`."""

from pathlib import Path

import pytest

from benchmarks import materialization_kills
from serving.settings import read_settings
from tests.redis_server import redis_server

REDIS = '{{type: serving.online.redis_rows.RedisRowsOnlineStore, connection_string: "127.0.0.1:{port}"}}'


def test_an_sqlite_store_ends_complete_and_right_however_often_its_writer_is_killed(platform_dir: Path) -> None:
    outcome = materialization_kills.run(
        read_settings(), 2000, 4, batch=50, seed=1, empty=lambda: materialization_kills.remove(platform_dir / "feast")
    )
    assert (outcome.kills, outcome.wrong) == (4, 0)
    assert outcome.rounds >= 1


def test_a_redis_store_ends_complete_and_right_however_often_its_writer_is_killed(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(platform_dir) as port:
        monkeypatch.setenv("HPP_ONLINE_STORE", REDIS.format(port=port))
        empty = materialization_kills.flush_of(f"127.0.0.1:{port}")
        outcome = materialization_kills.run(read_settings(), 2000, 4, batch=50, seed=2, empty=empty)
    assert (outcome.kills, outcome.wrong) == (4, 0)
