"""Redis with the cluster's own configuration, as a real server takes it."""

import subprocess
from pathlib import Path

import pytest
import redis

from tests.kubernetes.manifests import OVERLAYS, built, of_kind
from tests.ports import free_port
from tests.redis_server import PATIENCE_S, redis_program


def test_redis_asks_for_its_password_keeps_what_it_has_and_drops_nothing_for_lack_of_room(tmp_path: Path) -> None:
    settings = of_kind(built(OVERLAYS[0]), "ConfigMap")["house-price-redis"]["data"]["redis.conf"]
    port, word = free_port(), "of-the-test"
    (tmp_path / "auth.conf").write_text(f"requirepass {word}\n")
    text = settings.replace("/etc/redis-secret", str(tmp_path)).replace("/data", str(tmp_path))
    (tmp_path / "redis.conf").write_text(text.replace("port 6379", f"port {port}\nbind 127.0.0.1"))
    for turn in range(2):
        server = subprocess.Popen([redis_program(), str(tmp_path / "redis.conf")], stdout=subprocess.DEVNULL)
        try:
            client = redis.Redis(port=port, password=word, retry_on_error=[redis.ConnectionError], retry=patience())
            if turn == 0:
                client.set("house", "17")
                with pytest.raises(redis.AuthenticationError):
                    redis.Redis(port=port).get("house")
            assert client.get("house") == b"17"
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            client.close()
        finally:
            server.terminate()
            server.wait(PATIENCE_S)


def patience() -> redis.retry.Retry:
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    return Retry(ConstantBackoff(0.1), 100)
