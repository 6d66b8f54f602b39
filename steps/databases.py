"""Whole copies of the platform's databases while they are in use, and how they are put back.

SQLite by its own backup interface, PostgreSQL and MariaDB by the programs that come with them; passwords go to those in
the environment, which other users of the machine cannot see.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steps.core.errors import ConfigurationError, PlatformError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

SQLITE = b"SQLite format 3\x00"
PLACES = "/usr/lib/postgresql/*/bin"  # Debian keeps PostgreSQL's programs off the PATH; the newest can dump all


@dataclass(frozen=True)
class Server:
    """A database on a server.

    Attributes:
        name: of its file in a backup.
        setting: the variable that has its address.
    """

    name: str
    setting: str
    url: "URL"

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL; otherwise MariaDB or MySQL."""
        return self.url.get_backend_name() == "postgresql"

    def __str__(self) -> str:
        """The address without its password."""
        return f"{self.url.render_as_string(hide_password=True)} ({self.setting})"


def servers(registry: str) -> list[Server]:
    """The databases on servers that the environment names: of Feast's registry, MLflow and ZenML.

    Args:
        registry: the address of Feast's registry.
    """
    from sqlalchemy.engine import make_url

    named = [("feast", "HPP_REGISTRY", registry), ("mlflow", "MLFLOW_TRACKING_URI", "")]
    named += [("zenml", "ZENML_STORE_URL", "")]
    found = ((name, setting, given or os.environ.get(setting, "")) for name, setting, given in named)
    kinds = ("postgresql", "mysql", "mariadb")
    return [Server(name, setting, make_url(url)) for name, setting, url in found if url.startswith(kinds)]


def is_sqlite(path: Path) -> bool:
    """Whether the file is a SQLite database."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE
    return False


def copy_sqlite(path: Path, target: Path) -> None:
    """Write to `target` the database as it is at one moment, what is only in its write-ahead log included."""
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file


def move_paths(path: Path, before: str, after: str) -> None:
    """Let every text of the database that names the folder `before` name `after`: artifacts are kept by their paths."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for _, column, *_ in connection.execute(f"PRAGMA table_info({_quoted(table)})").fetchall():
                connection.execute(
                    f"UPDATE {_quoted(table)} SET {_quoted(column)} = replace({_quoted(column)}, :before, :after) "  # noqa: S608
                    f"WHERE typeof({_quoted(column)}) = 'text' AND instr({_quoted(column)}, :before)",
                    {"before": before, "after": after},
                )


def dump(server: Server, target: Path) -> None:
    """Write the database as it is at one moment to the file.

    Raises:
        PlatformError: it cannot be read.
    """
    if server.is_postgres:
        command = [_program("pg_dump"), "--format=custom", f"--file={target}", *_postgres(server)]
    else:
        command = [_program("mariadb-dump", "mysqldump"), "--single-transaction", "--routines", "--no-tablespaces"]
        command += [f"--result-file={target}", *_mysql(server)]
    _run(command, server)


def load(server: Server, source: Path) -> None:
    """Fill the empty database with what a dump has, all or nothing in PostgreSQL.

    Raises:
        PlatformError: it is not empty, or does not take it.
    """
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.pool import NullPool

    driver = "postgresql+psycopg" if server.is_postgres else "mysql+pymysql"
    if there := inspect(create_engine(server.url.set(drivername=driver), poolclass=NullPool)).get_table_names():
        raise PlatformError(f"{server} has {len(there)} tables. Restore into an empty database: it is not overwritten.")
    if server.is_postgres:
        command = [_program("pg_restore"), "--single-transaction", "--no-owner", "--no-privileges"]
        _run([*command, *_postgres(server), str(source)], server)
    else:
        _run([_program("mariadb", "mysql"), *_mysql(server)], server, source)


def _postgres(server: Server) -> list[str]:
    url = server.url
    return [
        f"--host={url.host or 'localhost'}",
        f"--port={url.port or 5432}",
        *([f"--username={url.username}"] if url.username else []),
        f"--dbname={url.database}",
    ]


def _mysql(server: Server) -> list[str]:
    url = server.url
    user = [f"--user={url.username}"] if url.username else []
    return [f"--host={url.host}", f"--port={url.port or 3306}", "--protocol=tcp", *user, str(url.database)]


def _run(command: Sequence[str], server: Server, source: Path | None = None) -> None:
    secret = {"PGPASSWORD" if server.is_postgres else "MYSQL_PWD": str(server.url.password or "")}
    with contextlib.ExitStack() as stack:
        given = stack.enter_context(source.open("rb")) if source else subprocess.DEVNULL
        done = subprocess.run(  # noqa: S603  # our own command line
            command, env={**os.environ, **secret}, stdin=given, capture_output=True, check=False
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        raise PlatformError(f"{Path(command[0]).name} on {server} ended with {done.returncode}: {said}")


def _program(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
        if others := sorted(Path("/").glob(f"{PLACES[1:]}/{name}"), reverse=True):
            return str(others[0])
    raise ConfigurationError(
        f"{names[0]} was not found on the PATH. Install the clients of the database (Debian: postgresql-client, "
        "mariadb-client)."
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
