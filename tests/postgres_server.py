"""A real PostgreSQL for a test."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.ports import free_port

PATIENCE_S = 30
USER = "postgres"
# Debian keeps the server's programs off the PATH.
PLACES = "/usr/lib/postgresql/*/bin"


def postgres_program(name: str) -> str:
    """The path of one of PostgreSQL's programs; without it a test is skipped, and fails under CI."""
    found = shutil.which(name) or next(map(str, sorted(Path("/").glob(f"{PLACES[1:]}/{name}"), reverse=True)), None)
    if found is None:
        absent = f"PostgreSQL's {name} is not installed (Debian: apt-get install postgresql)"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return str(found)


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The address of an empty database, `postgresql+psycopg://…`, on a free port; nothing of it stays."""
    initdb, program = postgres_program("initdb"), postgres_program("postgres")
    # It refuses to run as root; pytest's own folders are closed to everybody else.
    owner = USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="hpp-postgres-"))
    if owner:
        shutil.chown(folder, owner)
    data, port = folder / "data", free_port()
    try:
        made = [initdb, "-D", str(data), "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run(made, user=owner, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        command = [program, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F"]
        process = subprocess.Popen(command, user=owner, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # its "fast" stop: SIGTERM waits for the clients to go
            process.wait(PATIENCE_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user=USER, dbname=USER).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
