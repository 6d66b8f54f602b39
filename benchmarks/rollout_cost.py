"""What a rollout costs: CPU time of a request with none, a shadow and a canary, in alternating rounds; and memory.

`python -m benchmarks.rollout_cost CHAMPION CHALLENGER [--rounds N] [--requests N]`, with two bundles whose feature
services are in the Feast registry (after `make demo`). Read the ratios: each is to the first line, a model that has
nothing to do with rollouts. The memory is that of this process alone (USS) with the champion, and with the challenger
beside it, each after as many requests.
"""

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.requests import seldon_ids, seldon_rows
from serving.bundle import read_metadata
from serving.model import HousePriceModel
from serving.rollout import rules_of
from serving.rollouts.state import Mode, amend, begin, folder_of, new_rollout
from serving.settings import Settings, read_settings

ROUNDS, REQUESTS = 7, 2000
LOADING_S = 30.0
Ask = Callable[[bytes], object]


def asking(model: HousePriceModel) -> Ask:
    """What a worker does with a body between HTTP's two ends."""

    def ask(body: bytes) -> object:
        query = model.reader.read(body)
        if query is None:
            raise SystemExit("The bodies of the benchmark are not what the bundle's contract takes.")
        return model.answer(query)

    return ask


def tried(settings: Settings, bundles: tuple[Path, Path], mode: Mode, share: float) -> HousePriceModel:
    """The champion in this process, the challenger loaded beside it."""
    champion = HousePriceModel(bundles[0], settings)
    champion.load()
    let_try(champion, bundles[1], mode, share)
    return champion


def let_try(champion: HousePriceModel, bundle: Path, mode: Mode, share: float) -> None:
    """Load the challenger beside the champion."""
    rollout = new_rollout(
        champion.metadata, read_metadata(bundle), bundle, mode, share, rules_of(champion.settings), "operator"
    )
    begin(folder_of(champion.settings.profiles_dir), rollout)
    deadline = time.monotonic() + LOADING_S
    while champion.follower is None or champion.follower.challenger() is None:
        if time.monotonic() > deadline:
            raise SystemExit(f"{bundle} was not loaded in {LOADING_S:g} s; the log says why.")
        time.sleep(0.05)


def subjects(settings: Settings, bundles: tuple[Path, Path], scratch: Path) -> dict[str, HousePriceModel]:
    """The models that are compared, each with receipts of its own."""

    def apart(name: str) -> Settings:
        return settings.model_copy(update={"profiles_dir": scratch / name})

    alone = HousePriceModel(bundles[0], apart("alone"), alone=True)
    none = HousePriceModel(bundles[0], apart("none"))
    for model in (alone, none):
        model.load()
    return {
        "no rollout possible": alone,
        "no rollout": none,
        "canary, share 0.1": tried(apart("tenth"), bundles, "canary", 0.1),
        "canary, share 1": tried(apart("whole"), bundles, "canary", 1.0),
        "shadow": tried(apart("shadow"), bundles, "shadow", 1.0),
    }


def measure(ask: Ask, bodies: tuple[bytes, ...], requests: int) -> tuple[float, float]:
    """CPU time of the whole process, its threads included, and the time of the answers alone; both in us a request."""
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(requests):
        ask(bodies[number % len(bodies)])
    took = time.perf_counter() - started
    time.sleep(0.5)  # the evidence of the last requests is written
    return (time.process_time() - cpu) / requests * 1e6, took / requests * 1e6


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollout_cost", description=__doc__)
    parser.add_argument("champion", type=Path)
    parser.add_argument("challenger", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings, bundles = read_settings(), (asked.champion, asked.challenger)
        apart = settings.model_copy(update={"profiles_dir": Path(scratch) / "memory"})
        alone, both = memory(apart, bundles, asked.requests)
        sys.stdout.write(f"memory of the process: {alone:.0f} MB with one model, {both:.0f} MB with two\n")
        models = subjects(settings, bundles, Path(scratch))
        for sent in (seldon_rows(), seldon_ids()):
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
            for _ in range(asked.rounds):
                for name, model in models.items():
                    found[name].append(measure(asking(model), sent.bodies, asked.requests))
            sys.stdout.write(_table(sent.kind, found))
        for model in models.values():
            amend_end(model)


def memory(settings: Settings, bundles: tuple[Path, Path], requests: int) -> tuple[float, float]:
    """What a process has to itself after so many requests with the champion alone, and then with both; in MB.

    Call it first: what other models have loaded would count for both.
    """
    champion = HousePriceModel(bundles[0], settings)
    champion.load()
    alone = _own_megabytes(champion, requests)
    let_try(champion, bundles[1], "canary", 1.0)
    both = _own_megabytes(champion, requests)
    amend_end(champion)
    return alone, both


def _own_megabytes(model: HousePriceModel, requests: int) -> float:
    for sent in (seldon_rows(), seldon_ids()):
        measure(asking(model), sent.bodies, requests)
    gc.collect()
    return float(psutil.Process().memory_full_info().uss) / 1e6


def amend_end(model: HousePriceModel) -> None:
    """End the model's rollout, if it has one."""
    challenger = model.follower.challenger() if model.follower else None
    if challenger is not None:
        amend(folder_of(model.settings.profiles_dir), challenger.rollout.id, status="stopped")


def _table(kind: str, found: dict[str, list[tuple[float, float]]]) -> str:
    lines = [f"{kind:24}{'CPU us':>10}{'ratio':>8}{'answer us':>12}{'ratio':>8}\n"]
    first = next(iter(found))
    for name, rounds in found.items():
        cells = ""
        for at, width in ((0, 10), (1, 12)):
            own = statistics.median(one[at] for one in rounds)
            # Of the same round: what disturbs the machine disturbs both.
            ratio = statistics.median(one[at] / other[at] for one, other in zip(rounds, found[first], strict=True))
            cells += f"{own:{width}.1f}{ratio:8.2f}"
        lines.append(f"{name:24}{cells}\n")
    return "".join(lines)


if __name__ == "__main__":
    main()
