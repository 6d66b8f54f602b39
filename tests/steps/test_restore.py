"""A backup of a platform in use, put back into an empty folder: it prices as before and knows its old receipts."""

import contextlib
import json
import os
import sqlite3
import tarfile
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from serving import service
from serving.records.spool import SPOOL
from serving.replay import replay
from serving.settings import Settings, read_settings
from steps.backup import MANIFEST, back_up
from steps.core.errors import ConfigurationError, DataError, PlatformError
from steps.databases import Server, copy_sqlite, dump, load, move_paths, servers
from steps.restore import restore
from tests.mariadb_server import mariadb_server
from tests.ports import free_port
from tests.postgres_server import running_postgres
from tests.serving_platform import ServingPlatform, reach
from zenml_config.environment import LOCAL, read


def platform(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Settings:
    """Settings with everything under the folder, on free ports."""
    own = {"HPP_VAR_DIR": str(folder), "HPP_WORKERS": "1", "HPP_GRPC_PORT": "0", "HPP_CONSOLE_PORT": "0"}
    own |= {"HPP_REST_PORT": str(free_port()), "HPP_METRICS_PORT": str(free_port())} | changes
    reach(monkeypatch, {**read(LOCAL, own), **own})
    return read_settings()


def asked(settings: Settings, key: str) -> Any:
    """The reply for two houses of a service that is started for it."""
    started = service.start(settings.models_dir / "v1", settings)
    try:
        request = urllib.request.Request(  # noqa: S310  # our own address
            f"{started.url}/api/v1.0/predictions",
            json.dumps({"data": {"names": ["house_id"], "ndarray": [[17], [42]]}}).encode(),
            {"Content-Type": "application/json", "X-API-Key": key},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310  # our own address
            return json.load(reply)
    finally:
        service.stop(started, settings)


def test_a_restored_platform_prices_as_before_and_replays_an_old_receipt(
    serving_platform: ServingPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = platform(serving_platform.var, monkeypatch, HPP_PROFILES_DIR=str(tmp_path / "profiles"))
    reply = asked(before, serving_platform.key)
    manifest = back_up(tmp_path / "backup.tar", before)
    assert {"var/models/v1/metadata.json", "var/api-keys.json", "var/feast/registry.db"} <= manifest.digests.keys()
    assert not [name for name in manifest.digests if name.startswith("var/run/") or name.endswith(("-wal", ".lock"))]
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600

    other = {"HPP_PROFILES_DIR": str(tmp_path / "other-profiles")}
    after = platform(tmp_path / "elsewhere", monkeypatch, **other)
    restore(tmp_path / "backup.tar", after)
    receipt = reply["meta"]["tags"]["receipt"]
    rows = replay(receipt, after.profiles_dir / SPOOL, after.models_dir)
    assert [list(row.answered.values()) for row in rows] == reply["data"]["ndarray"]
    assert all(row.identical for row in rows)
    assert asked(after, serving_platform.key)["data"] == reply["data"]
    source = after.feature_store().get_feature_view("house_target").batch_source
    assert source.path == f"{tmp_path}/elsewhere/feast/offline/house_target.parquet"

    with pytest.raises(ConfigurationError, match=r"elsewhere \(var\) is not empty"):
        restore(tmp_path / "backup.tar", after)
    with pytest.raises(ConfigurationError, match="never overwritten"):
        back_up(tmp_path / "backup.tar", before)


def test_a_damaged_backup_puts_nothing_back(
    serving_platform: ServingPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = platform(serving_platform.var, monkeypatch)
    back_up(tmp_path / "whole.tar", before)
    with tarfile.open(tmp_path / "whole.tar") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (tmp_path / "unpacked" / "var" / "models" / "v1" / "model.ubj").write_bytes(b"another model")
    with tarfile.open(tmp_path / "changed.tar", "w") as archive:
        for place in ("var", MANIFEST):
            archive.add(tmp_path / "unpacked" / place, place)
    with tarfile.open(tmp_path / "more.tar", "w") as archive:
        with tarfile.open(tmp_path / "whole.tar") as whole:
            for member in whole.getmembers():
                archive.addfile(member, whole.extractfile(member))
        archive.add(Path(__file__), "var/models/v1/extra.json")
    (tmp_path / "cut.tar").write_bytes((tmp_path / "whole.tar").read_bytes()[:10_000])
    after = platform(tmp_path / "elsewhere", monkeypatch)
    for name, fault in (
        ("changed.tar", "model.ubj is not as it was"),
        ("cut.tar", "no whole backup"),
        ("more.tar", "list does not have"),
    ):
        with pytest.raises(DataError, match=fault):
            restore(tmp_path / name, after)
    assert not after.var_dir.exists()
    assert list(tmp_path.glob(".restoring-*")) == []


def test_a_database_is_copied_whole_while_others_write_to_it(tmp_path: Path) -> None:
    path, done = tmp_path / "a.db", threading.Event()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE pairs (one INTEGER, other INTEGER)")

    def write() -> None:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as writer:
            for number in range(10_000):
                with writer:
                    writer.execute("INSERT INTO pairs (one) VALUES (?)", (number,))
                    writer.execute("UPDATE pairs SET other = one WHERE one = ?", (number,))
                if done.is_set():
                    return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(5):
            copy_sqlite(path, tmp_path / f"{number}.db")
            with contextlib.closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
                assert copy.execute("SELECT count(*) FROM pairs WHERE other IS NULL").fetchone() == (0,)
            assert not (tmp_path / f"{number}.db-wal").exists()
    finally:
        done.set()
        thread.join()


def test_paths_in_a_database_follow_the_folder(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute('CREATE TABLE "a b" (uri TEXT, blob BLOB, number INTEGER)')
        connection.execute('INSERT INTO "a b" VALUES (?, ?, 1)', ("file:///old/var/x", b"/old/var"))
    move_paths(tmp_path / "a.db", "/old/var", "/new")
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        assert connection.execute('SELECT * FROM "a b"').fetchall() == [("file:///new/x", b"/old/var", 1)]


@pytest.fixture(params=["postgresql", "mysql"])
def databases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two databases on one server, the first with a table; and how to ask."""
    from sqlalchemy import create_engine, make_url, text

    with contextlib.ExitStack() as stack:
        if request.param == "postgresql":
            server = stack.enter_context(running_postgres())
            for name in ("one", "other"):
                server.make(name)
            address = make_url(server.address())
        else:
            address = make_url(stack.enter_context(mariadb_server()).address).set(drivername="mysql+pymysql")
            engine = create_engine(address.set(database=""))
            with engine.connect() as connection:
                for name in ("one", "other"):
                    connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
        one, other = (Server("zenml", "ZENML_STORE_URL", address.set(database=name)) for name in ("one", "other"))

        def ask(of: Server, *statements: str) -> Any:
            engine = create_engine(of.url)
            with engine.begin() as connection:
                results = [connection.execute(text(statement)) for statement in statements]
                rows = results[-1].fetchall() if results[-1].returns_rows else None
            engine.dispose()
            return rows

        ask(one, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (7)")
        yield one, other, ask


def test_a_dump_of_a_servers_database_fills_an_empty_one_and_no_other(databases: Any, tmp_path: Path) -> None:
    one, other, ask = databases
    dump(one, tmp_path / "dump")
    load(other, tmp_path / "dump")
    assert ask(other, "SELECT a FROM t") == [(7,)]
    with pytest.raises(PlatformError, match="is not overwritten"):
        load(other, tmp_path / "dump")


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    from sqlalchemy import make_url

    absent = Server("feast", "HPP_REGISTRY", make_url(f"postgresql://u:secret@127.0.0.1:{free_port()}/feast"))
    with pytest.raises(PlatformError, match=r"pg_dump on .*HPP_REGISTRY") as caught:
        dump(absent, tmp_path / "dump")
    assert "secret" not in str(caught.value)


def test_the_databases_on_servers_are_found_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////x.db")
    monkeypatch.setenv("ZENML_STORE_URL", "mysql://u:p@db/zenml")
    assert [server.name for server in servers("postgresql+psycopg://u@db/feast")] == ["feast", "zenml"]
    assert os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite")
