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


class Postgres:
    """A server of its own in an empty folder, which can be stopped and started again on the same data and port."""

    def __init__(self, folder: Path, owner: str | None) -> None:
        self.port = free_port()
        self._folder, self._owner = folder, owner
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, database: str = USER) -> str:
        """The address of a database, `postgresql+psycopg://…`."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def make(self, database: str) -> None:
        """Make an empty database."""
        with psycopg.connect(host="127.0.0.1", port=self.port, user=USER, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())

    def start(self) -> None:
        """Start it and wait until it answers."""
        folder = self._folder
        command = [postgres_program("postgres"), "-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-k", str(folder), "-F"]
        self._process = subprocess.Popen(command, user=self._owner, cwd=folder, stderr=subprocess.DEVNULL)
        _wait(self.port)

    def stop(self) -> None:
        """End it, and every connection to it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # its "fast" stop: SIGTERM waits for the clients to go
            self._process.wait(PATIENCE_S)
            self._process = None


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A running server; nothing of it stays."""
    initdb = postgres_program("initdb")
    # It refuses to run as root; pytest's own folders are closed to everybody else.
    owner = USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="hpp-postgres-"))
    if owner:
        shutil.chown(folder, owner)
    server = Postgres(folder, owner)
    try:
        made = [initdb, "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync"]
        made += ["--encoding=UTF8", "--locale=C"]
        subprocess.run(made, user=owner, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The address of an empty database, `postgresql+psycopg://…`, on a free port; nothing of it stays."""
    with running_postgres() as server:
        yield server.address()


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
