"""Kill materialization at random moments: what the online store holds in the end.

`python -m benchmarks.materialization_kills` does it on embedded SQLite, `--redis HOST:PORT` on a Redis of your own.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from serving.contract import HOUSE_FEATURES
from serving.settings import Settings, read_settings
from steps.core.publication import CREATED, EVENT, latest
from steps.feature_store import materialization_engine
from steps.feature_store.definitions import apply_definitions
from steps.materialize import bring_online
from zenml_config.environment import ROOT, read

SNAPSHOTS = 2
MOVED = 50  # houses that are observed anew after each kill, half of them late
LONGEST_S = 600


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        kills: runs that were killed.
        while_writing: of those, the ones that had written a part and not all.
        rounds: how often the store was brought to its end, and compared; then it is emptied.
        wrong: houses that were missing, or had other values or times than the offline store, in all rounds.
    """

    kills: int
    while_writing: int
    rounds: int
    houses: int
    wrong: int


def run(settings: Settings, houses: int, kills: int, batch: int, seed: int, empty: Callable[[], None]) -> Outcome:
    """What came of so many kills.

    Args:
        settings: of a platform whose folder may be filled; its definitions are not applied yet.
        batch: rows that are committed at once.
        empty: empties the online store.
    """
    chance = random.Random(seed)  # noqa: S311  # no secret
    state = settings.var_dir / "feast" / "materialization"
    Path(settings.offline_dir).mkdir(parents=True, exist_ok=True)
    history = Path(settings.offline_dir) / f"{HOUSE_FEATURES}.parquet"
    names = [field.name for field in apply_definitions(settings).get_feature_view(HOUSE_FEATURES).features]
    generated(names, houses, seed).to_parquet(history, index=False)
    started = time.monotonic()
    _finish(_start(settings, batch))
    longest = time.monotonic() - started
    killed = writing = rounds = wrong = 0
    while killed < kills:
        rounds += 1
        empty()
        shutil.rmtree(state)
        while True:
            process = _start(settings, batch)
            process.join(chance.uniform(0, longest) if killed < kills else LONGEST_S)
            if not process.is_alive():
                _finish(process)
                break
            process.kill()
            process.join()
            killed += 1
            writing += any("after" in path.read_text() for path in state.glob("*.json"))
            observe_anew(history, names, chance)
        _finish(_start(settings, batch))  # what was observed after the last kill
        wrong += differing(settings, history, names)
    return Outcome(killed, writing, rounds, houses, wrong)


def generated(names: list[str], houses: int, seed: int) -> pd.DataFrame:
    """Observations of the houses, some values missing, the last snapshot half an hour old."""
    numbers = np.random.default_rng(seed)
    snapshots = []
    for age in range(SNAPSHOTS, 0, -1):
        moment = pd.Timestamp(datetime.now(UTC) - timedelta(minutes=30 * age)).as_unit("us")
        values = numbers.random((houses, len(names)))
        values[numbers.random(values.shape) < 0.02] = np.nan
        frame = pd.DataFrame(values, columns=names)
        frame.insert(0, "house_id", np.arange(houses))
        snapshots.append(frame.assign(**{EVENT: moment, CREATED: moment + timedelta(seconds=1)}))
    return pd.concat(snapshots, ignore_index=True)


def observe_anew(history: Path, names: list[str], chance: random.Random) -> None:
    """Append observations of some houses: half of them newer than what is there, half of them late."""
    stored = pd.read_parquet(history)
    now = pd.Timestamp(datetime.now(UTC)).as_unit("us")
    moved = latest(stored).sample(MOVED, random_state=chance.randrange(2**31))
    late = np.arange(len(moved)) % 2 == 0
    events = pd.Series(now, moved.index).mask(late, now - timedelta(minutes=45))
    changes: dict[str, Any] = {EVENT: events, CREATED: now, names[0]: chance.random()}
    added = moved.assign(**changes)
    unfinished = history.with_suffix(".unfinished")
    pd.concat([stored, added[stored.columns]], ignore_index=True).to_parquet(unfinished, index=False)
    unfinished.replace(history)


def differing(settings: Settings, history: Path, names: list[str]) -> int:
    """Houses whose online row is not the last offline one."""
    wanted = latest(pd.read_parquet(history))
    store = settings.feature_store()
    view = store.get_feature_view(HOUSE_FEATURES)
    found = store.provider.online_store.read_numbers(  # type: ignore[attr-defined]  # of our own stores
        store.config, view, wanted["house_id"].tolist(), tuple(names)
    )
    empty = (np.nan, tuple([np.nan] * len(names)))
    online = np.array([[one[0], *one[1]] for one in (row or empty for row in found)])
    offline = wanted[names].to_numpy("float64", na_value=np.nan)
    times = wanted[EVENT].astype("int64").to_numpy() / 1e6
    same = ((online[:, 1:] == offline) | (np.isnan(online[:, 1:]) & np.isnan(offline))).all(axis=1)
    return int((~(same & (np.abs(online[:, 0] - times) < 1e-6))).sum())


def _start(settings: Settings, batch: int) -> ForkProcess:
    """A process of its own, forked so that it need not import everything again before it can be killed."""
    process = multiprocessing.get_context("fork").Process(target=_materialize, args=(settings, batch))
    process.start()
    return process


def _materialize(settings: Settings, batch: int) -> None:
    materialization_engine.BATCH = batch
    bring_online(settings, datetime.now(UTC))


def _finish(process: ForkProcess) -> None:
    process.join(LONGEST_S)
    if process.exitcode != 0:
        process.kill()
        raise SystemExit(f"A materialization that nobody killed ended with {process.exitcode}.")


def main() -> None:
    """Kill, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.materialization_kills")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--houses", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--redis", metavar="HOST:PORT", help="a server of your own; its database 0 is emptied")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        own = {"HPP_VAR_DIR": folder}
        if given.redis:
            own["HPP_ONLINE_STORE"] = (
                f'{{type: serving.online.redis_rows.RedisRowsOnlineStore, connection_string: "{given.redis}"}}'
            )
        os.environ.update(read(ROOT / "zenml_config" / "local.env", own) | own)
        settings = read_settings()
        empty = flush_of(given.redis) if given.redis else lambda: remove(Path(folder) / "feast")
        print(run(settings, given.houses, given.kills, given.batch, given.seed, empty))  # noqa: T201  # the result


def flush_of(address: str) -> Callable[[], None]:
    """What empties the database 0 of a Redis server."""
    import redis

    host, _, port = address.partition(":")

    def flush() -> None:
        with redis.Redis(host, int(port)) as client:
            client.flushdb()

    return flush


def remove(folder: Path) -> None:
    """Remove the embedded store's file."""
    for path in folder.glob("online.db*"):
        path.unlink()


if __name__ == "__main__":
    main()
