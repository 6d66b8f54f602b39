"""A real S3 server for a test (moto's), with one empty bucket."""

import contextlib
import logging
from collections.abc import Iterator

import pytest

from tests.ports import free_port

BUCKET = "houses"
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}


class S3:
    """A server on a port of its own, which can be stopped and started again with what it holds.

    Attributes:
        environment: what lets clients find it.
    """

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each call
        self.port = free_port()
        self.environment = KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_MAX_ATTEMPTS": "1"}
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)

    def start(self) -> None:
        """Start it."""
        self._server.start()

    def stop(self) -> None:
        """Let nobody reach it."""
        self._server.stop()

    def names(self, prefix: str = "") -> list[str]:
        """The names of what is in the bucket under the prefix."""
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def make_bucket(self) -> None:
        """Make the bucket, with nothing in it."""
        client = self._client()
        with contextlib.suppress(client.exceptions.NoSuchBucket):
            for name in self.names():
                client.delete_object(Bucket=BUCKET, Key=name)
            client.delete_bucket(Bucket=BUCKET)
        client.create_bucket(Bucket=BUCKET)

    def _client(self):  # type: ignore[no-untyped-def]  # boto3 makes its classes as it goes
        import boto3

        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return boto3.client("s3")


@contextlib.contextmanager
def s3_server() -> Iterator[S3]:
    """A running server with an empty bucket; moto keeps its buckets for the process, so that one is emptied."""
    server = S3()
    server.start()
    try:
        server.make_bucket()
        yield server
    finally:
        server.stop()
