"""A real redis-server for a test."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.ports import free_port

PATIENCE_S = 20


def redis_program() -> str:
    """The path of redis-server; a test that needs it is skipped where there is none, and fails there under CI."""
    program = shutil.which("redis-server")
    if program is None:
        absent = "redis-server is not installed (Debian: apt-get install redis-server)"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return str(program)


@contextlib.contextmanager
def redis_server(folder: Path, port: int | None = None, keeps: bool = False) -> Iterator[int]:
    """The port of a running server; it keeps nothing, or in the folder what the next one of that folder then has."""
    port = port or free_port()
    command = [redis_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    command += ["--appendonly", "yes" if keeps else "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait(port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    with redis.Redis(port=port) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
