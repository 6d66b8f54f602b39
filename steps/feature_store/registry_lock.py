"""One writer of the Feast registry at a time.

`feast apply` reads the definitions, compares them with the registry and deletes what only the registry has. What
another process adds in between is deleted with it; two processes that make the tables of a new registry at once fail.
Feast has no lock of its own, so that whoever applies takes this one: in PostgreSQL for all machines, otherwise for
those that see the registry's file. The system takes it from a process that is killed.
"""

import contextlib
import fcntl
import zlib
from collections.abc import Iterator
from pathlib import Path

from serving.settings import Settings
from steps.core.errors import ConfigurationError

LONGEST_WAIT_S = 600


@contextlib.contextmanager
def only_registry_writer(settings: Settings) -> Iterator[None]:
    """Hold back everybody else who wants to change the registry. Not to be nested.

    Raises:
        ConfigurationError: the registry's database does not answer, or somebody holds the lock for too long.
    """
    with only_one(settings, "feast apply"):
        yield


@contextlib.contextmanager
def only_one(settings: Settings, purpose: str) -> Iterator[None]:
    """Hold back everybody else who does the same to the project: on all machines if the registry is in PostgreSQL.

    Raises:
        ConfigurationError: the registry's database does not answer, or somebody holds the lock for too long.
    """
    from feast.repo_config import load_repo_config

    config = load_repo_config(settings.feature_repo, settings.feature_repo / "feature_store.yaml")
    path = str(config.registry.path)
    if path.startswith("postgresql"):
        with _advisory_lock(path, f"{purpose} {config.project}"):
            yield
    else:
        place = _lock_file(path, settings)
        with _file_lock(place.with_name(f"{place.name}.{purpose.rpartition(' ')[2]}")):
            yield


def _lock_file(path: str, settings: Settings) -> Path:
    """Beside the registry's file; of a registry elsewhere, in our own folder."""
    if "://" in path and not path.startswith("sqlite"):
        return settings.var_dir / "feast" / "registry.lock"
    from sqlalchemy.engine import make_url

    file = Path((make_url(path).database if path.startswith("sqlite") else path) or "registry.db")
    return file.with_name(f".{file.name}.lock")


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _advisory_lock(path: str, name: str) -> Iterator[None]:
    """PostgreSQL's lock of this name; it is let go when the connection ends, however that comes about."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    engine = create_engine(path, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
        connection.execute(text(f"SET lock_timeout = '{LONGEST_WAIT_S}s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": zlib.crc32(name.encode())})
    except SQLAlchemyError as err:
        cause = str(err).splitlines()[0]
        raise ConfigurationError(
            f"The registry at {engine.url.render_as_string(hide_password=True)} cannot be locked: {cause}. Check "
            f"HPP_REGISTRY; who holds the lock {name!r} longer than {LONGEST_WAIT_S} s is to be ended."
        ) from err
    with connection:
        yield
