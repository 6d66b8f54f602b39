"""The buckets of an S3-compatible store."""

import pytest
from moto.server import ThreadedMotoServer

from tests.ports import free_port
from zenml_config.buckets import make_buckets


def test_buckets_that_are_missing_are_made_and_the_others_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadedMotoServer("127.0.0.1", port := free_port(), verbose=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    server.start()
    try:
        assert make_buckets(["one"]) == ["one"]
        assert make_buckets(["one", "two"]) == ["two"]
    finally:
        server.stop()
