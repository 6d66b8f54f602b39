"""Materialization and online look-ups beside Feast's own stores and beside the raw storage.

`python -m benchmarks.online_features` fills embedded SQLite stores, and a redis-server of its own if there is one, with
generated houses; its figures go to docs/benchmarks/features.json (tables: `benchmarks.online_report`). Every figure of
one part is of the same run.
"""

import argparse
import contextlib
import multiprocessing
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import feature_results
from benchmarks.feature_results import Figure, Part
from benchmarks.generated_houses import write_history
from benchmarks.machine import describe
from serving.contract import HOUSE_FEATURES, read_feature_view
from serving.files import write_atomically
from serving.online.lookup import FeatureLookup
from serving.settings import read_settings
from steps.feature_store.definitions import apply_definitions
from steps.materialize import bring_online
from zenml_config.environment import ROOT, read

SNAPSHOTS, SEED = 3, 0
OURS = {
    "SQLite": "serving.online.sqlite_rows.SqliteRowsOnlineStore",
    "Redis": "serving.online.redis_rows.RedisRowsOnlineStore",
}
FEASTS = {"SQLite": "sqlite", "Redis": "redis"}
SERVICE = "house_price_features"
ASKED = (1, 10, 100)
CALLS = 1000
LONGEST_S = 1200


@contextlib.contextmanager
def redis(folder: Path, port: int) -> Iterator[str | None]:
    """The address of a server that keeps nothing; None where there is no such program."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # our own command
    try:
        time.sleep(1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def platform(folder: Path, kind: str, address: str | None, stock: bool) -> None:
    """Let this process work on a platform in the folder with this online store; Feast's own engine if it is stock."""
    place = f'path: "{folder}/feast/online.db"' if kind == "SQLite" else f'connection_string: "{address}"'
    own = {"HPP_VAR_DIR": str(folder)}
    own["HPP_ONLINE_STORE"] = f"{{type: {(FEASTS if stock else OURS)[kind]}, {place}}}"
    if stock:
        own["HPP_BATCH_ENGINE"] = "local"
    for name in [name for name in os.environ if name.startswith(("HPP_", "MLFLOW_"))]:
        del os.environ[name]
    os.environ.update(read(ROOT / "zenml_config" / "local.env", own) | own)


def in_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """What the work returns, done in a process of its own: the peak memory is its alone."""
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=lambda: sender.send(work(*arguments)))
    process.start()
    answer = receiver.recv() if receiver.poll(LONGEST_S) else None
    process.kill()
    process.join()
    return answer


def fill(folder: Path, kind: str, address: str | None, stock: bool, houses: int) -> Figure:
    """Materialize the houses of a new platform."""
    platform(folder, kind, address, stock)
    settings = read_settings()
    store = apply_definitions(settings)
    specs = read_feature_view(store, HOUSE_FEATURES)
    write_history(Path(settings.offline_dir) / f"{HOUSE_FEATURES}.parquet", specs, houses, SNAPSHOTS, SEED)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    started, cpu = time.perf_counter(), time.process_time()
    if stock:
        with contextlib.redirect_stdout(None):
            store.materialize(datetime(2025, 1, 1, tzinfo=UTC), datetime.now(UTC), [HOUSE_FEATURES])
    else:
        bring_online(settings, datetime.now(UTC))
    return Figure(
        part="materialization",
        subject=f"{'Feast on' if stock else 'this platform on'} {kind}",
        limit=f"Feast on {kind}",
        houses=houses,
        rows=houses,
        seconds=round(time.perf_counter() - started, 3),
        cpu_seconds=round(time.process_time() - cpu, 3),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1),
        base_mb=round(base, 1),
    )


def timed(ask: Callable[[list[int]], object], houses: int, count: int) -> tuple[float, float]:
    """p50 and p99 of a call, in microseconds, each of other houses."""
    chance = np.random.default_rng(SEED)
    took = []
    for _ in range(CALLS // max(1, count // 10)):
        ids = chance.integers(houses, size=count).tolist()
        started = time.perf_counter()
        ask(ids)
        took.append((time.perf_counter() - started) * 1e6)
    return round(statistics.median(took), 2), round(float(np.percentile(took, 99)), 2)


def look_ups(folder: Path, kind: str, address: str | None, houses: int) -> list[Figure]:
    """The same houses asked for in the raw storage, through the service's own path, and by Feast's SDK."""
    platform(folder, kind, address, stock=False)
    settings = read_settings()
    store = settings.feature_store()
    names = [spec.name for spec in read_feature_view(store, HOUSE_FEATURES)]
    stored = [f"{HOUSE_FEATURES}:{name}" for name in names]  # without what Feast would derive from them
    lookup = FeatureLookup(settings.feature_store, SERVICE, names, 1, expired="flag")
    subjects: dict[str, Callable[[list[int]], object]] = {
        f"raw {kind}": raw(store, kind, names),
        f"this service's look-up on {kind}": lookup.find,
        f"Feast's SDK on {kind}": lambda ids: store.get_online_features(stored, [{"house_id": one} for one in ids]),
    }
    figures = []
    for count in ASKED:
        for subject, ask in subjects.items():
            ask([0])
            p50, p99 = timed(ask, houses, count)
            figures.append(
                Figure("look-up", subject, f"raw {kind}", houses, count, p50_us=p50, p99_us=p99, note="no cache")
            )
    return figures


def raw(store: Any, kind: str, names: list[str]) -> Callable[[list[int]], object]:
    """The question to the storage itself, without any of Feast: what comes back is its rows or bytes."""
    if kind == "SQLite":
        connection = sqlite3.connect(store.config.online_store.path)
        columns = ", ".join(f'"{name}"' for name in ("_event_us", *names))
        select = f'SELECT {columns} FROM "{store.project}_{HOUSE_FEATURES}_rows" WHERE _key IN '  # noqa: S608
        return lambda ids: connection.execute(f"{select}({','.join('?' * len(ids))})", ids).fetchall()
    from feast.infra.online_stores.helpers import _mmh3

    from serving.online.redis_rows import KeyMaker

    online = store.provider.online_store
    client, key = (
        online._get_client(store.config.online_store),
        KeyMaker(store.config, store.get_feature_view(HOUSE_FEATURES)),
    )
    members = [*(_mmh3(f"{HOUSE_FEATURES}:{name}") for name in names), f"_ts:{HOUSE_FEATURES}"]

    def ask(ids: list[int]) -> object:
        if len(ids) == 1:
            return client.hmget(key(ids[0]), members)
        with client.pipeline(transaction=False) as pipeline:
            for one in ids:
                pipeline.hmget(key(one), members)
            return pipeline.execute()

    return ask


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.online_features", description=__doc__)
    parser.add_argument("--houses", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--stock-up-to", type=int, default=10_000, help="houses that Feast's own stores get")
    parser.add_argument("--port", type=int, default=7917)
    given = parser.parse_args()
    filled: list[Figure] = []
    asked: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="online-") as place, redis(Path(place), given.port) as address:
        for houses in given.houses:
            for kind in ("SQLite", "Redis") if address else ("SQLite",):
                for stock in (True, False):
                    if stock and houses > given.stock_up_to:
                        continue
                    folder = Path(place) / f"{kind}-{houses}-{stock}"
                    _empty(address)
                    filled.append(in_process(fill, folder, kind, address, stock, houses))
                    print(filled[-1], flush=True)  # noqa: T201  # a long run shows where it is
                asked += in_process(look_ups, Path(place) / f"{kind}-{houses}-False", kind, address, houses)
    for one in asked:
        print(one)  # noqa: T201
    kept = feature_results.read()
    for name, figures in (("materialization", filled), ("look-up", asked)):
        part = Part(name, f"{datetime.now(UTC):%Y-%m-%d}", 1, describe(), figures)
        kept = feature_results.with_part(kept, part)
    write_atomically(feature_results.PLACE, feature_results.encode(kept))


def _empty(address: str | None) -> None:
    if address:
        import redis

        host, _, port = address.partition(":")
        with redis.Redis(host, int(port)) as client:
            client.flushdb()


if __name__ == "__main__":
    main()
