"""A real MariaDB for a test."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from tests.ports import free_port

PATIENCE_S = 60
SYSTEM_USER = "mysql"  # of the server's process; MariaDB refuses to run as root
USER, PASSWORD = "zenml", "of-a-test"
# Debian keeps the server's program off the PATH of users.
PLACE = "/usr/sbin"


class MariaDB:
    """A server of its own in an empty folder, which can be stopped and started again on the same data and port.

    Attributes:
        address: what ZENML_STORE_URL takes.
    """

    def __init__(self, folder: Path, owner: str | None) -> None:
        self.port = free_port()
        self.address = f"mysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/zenml"
        self._folder, self._owner = folder, owner
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        folder = self._folder
        command = [mariadb_program("mariadbd"), "--no-defaults", f"--datadir={folder / 'data'}", f"--port={self.port}"]
        command += ["--bind-address=127.0.0.1", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
        command += [f"--init-file={folder / 'users.sql'}", "--innodb-flush-log-at-trx-commit=2"]
        self._process = subprocess.Popen(command, user=self._owner, cwd=folder, stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                pymysql.connect(host="127.0.0.1", port=self.port, user=USER, password=PASSWORD).close()
                return
            except pymysql.OperationalError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """End it, and every connection to it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None


def mariadb_program(name: str) -> str:
    """The path of one of MariaDB's programs; without it a test is skipped, and fails under CI."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{PLACE}")
    if found is None:
        absent = f"MariaDB's {name} is not installed (Debian: apt-get install mariadb-server)"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return str(found)


@contextlib.contextmanager
def mariadb_server() -> Iterator[MariaDB]:
    """A running server with a user who may make databases; nothing of it stays."""
    install = mariadb_program("mariadb-install-db")
    owner = SYSTEM_USER if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="hpp-mariadb-"))  # pytest's own folders are closed to everybody else
    if owner:
        shutil.chown(folder, owner)
    (folder / "users.sql").write_text(
        f"CREATE USER IF NOT EXISTS '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
        f"GRANT ALL ON *.* TO '{USER}'@'127.0.0.1';\n"
    )
    server = MariaDB(folder, owner)
    try:
        made = [install, "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db"]
        made += ["--auth-root-authentication-method=normal", "--skip-name-resolve"]
        subprocess.run(made, user=owner, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
