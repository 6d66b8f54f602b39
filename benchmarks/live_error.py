"""How often the verdict on the live error is wrong, and how good the estimate before the truth is.

`python -m benchmarks.live_error [--quick] [--output FILE] [--document FILE]`, about five minutes on a quiet machine.
Real models: trained on three fifths of the houses with the best settings known, asked about the others, which no model
saw. True prices come in a random order, ten a day, each house once, and are looked at after each one.

- Sound: the prices as they are. What comes true is as hard as any two fifths of the houses are.
- Worse: all prices a fifth higher than the model learned (up to the contract's 50), its errors doubled, the city's
  houses (RAD 24) a third cheaper, or only the city's houses coming.
- The estimate beside others: windows of 200 rows of the same houses, drawn as they are, tilted by a feature, or of one
  kind only.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy import stats

from benchmarks import machine
from benchmarks.document import renew
from benchmarks.error_estimators import Estimator, estimators
from benchmarks.live_error_results import NAME, PLACE, Missed, Rate, Results, encode, markdown, rate, screen
from benchmarks.live_error_world import CITY, World, world
from benchmarks.watched import each, say, watched
from serving.files import write_atomically
from steps.core.columns import Matrix
from steps.core.error_tests import ErrorSettings, SinceEachDay, allowed_means
from zenml_config.environment import ROOT

A_DAY = 10
LOOKS_A_DAY = 24
TRUTHS = (20, 50, 100, 200)
HIGHEST, LOWEST = 50.0, 1.0
WINDOW = 200
OURS, TTEST, CORRECTED, SPREAD = "verdict", "t-test p < 0.05", "t-test, corrected", "RMSE > mean + 2 sd"
RULES = (OURS, TTEST, CORRECTED, SPREAD)
Off = dict[tuple[str, str], list[tuple[float, float]]]
Changed = Callable[[World], Matrix]


def risen(here: World) -> Matrix:
    """All prices a fifth higher."""
    return here.truth * 1.2


def doubled(here: World) -> Matrix:
    """True prices that are twice as far from the predicted ones."""
    return here.predicted + 2 * (here.truth - here.predicted)


def fallen_city(here: World) -> Matrix:
    """The city's prices a third lower."""
    return np.where(here.features[:, CITY] == CITY_RAD, here.truth * 2 / 3, here.truth)


def as_it_is(here: World) -> Matrix:
    """The prices as they are."""
    return here.truth


CITY_RAD = 24.0
ALL, BLIND = "all of these", "all prices + 20 %, which it cannot see"
SOUND, ONLY_CITY = "sound", "only the city's houses"
CHANGES: dict[str, Changed] = {
    "all prices + 20 %": risen,
    "errors doubled": doubled,
    "prices in the city - 1/3": fallen_city,
    ONLY_CITY: as_it_is,
}


def alarms(here: World, truth: Matrix, order: Sequence[int], settings: ErrorSettings) -> dict[str, list[bool]]:
    """Whether each rule alarms after each true price, in the order in which they come."""
    promise = here.standard.promise(settings)
    limits = allowed_means(promise, settings)
    bettors = {test: SinceEachDay(limit) for test, limit in limits.items()}
    reference = np.abs(here.reference.errors).mean(axis=0)
    errors, low, high = np.abs(here.predicted - truth), *here.standard.intervals.around(here.predicted)
    outside = ((truth < low) | (truth > high)).astype(float)
    clipped = np.minimum(errors, promise.clipped_at or np.inf)
    found: dict[str, list[bool]] = {rule: [] for rule in RULES}
    seen: list[float] = []
    for count, house in enumerate(order, start=1):
        day = f"{count // A_DAY:04d}"
        bettors["error"].add(day, float(clipped[house]))
        bettors["coverage"].add(day, float(outside[house]))
        seen.append(float(errors[house]))
        enough = count >= settings.minimum_houses
        shown = enough and any(one.strongest[1] >= settings.critical for one in bettors.values())
        p = float(stats.ttest_ind(seen, reference, equal_var=False, alternative="greater").pvalue) if enough else 1.0
        rmse = float(np.sqrt(np.mean(np.square(seen))))
        found[OURS].append(shown)
        found[TTEST].append(p < 0.05)
        found[CORRECTED].append(p < settings.false_alarms_a_day / LOOKS_A_DAY)
        found[SPREAD].append(enough and rmse > here.metrics["cv_rmse"] + 2 * here.metrics["cv_rmse_sd"])
    return found


def false_alarms(worlds: Sequence[World], runs: int, settings: ErrorSettings) -> list[Rate]:
    """How often each rule ever calls a sound model worse, and on how many of the days for the first time."""
    ever, days = dict.fromkeys(RULES, 0), 0
    for run in range(runs):
        here, draw = worlds[run % len(worlds)], np.random.default_rng([1, run])
        found = alarms(here, here.truth, draw.permutation(len(here.truth))[: max(TRUTHS)].tolist(), settings)
        days += max(TRUTHS) // A_DAY
        for rule in RULES:
            ever[rule] += any(found[rule])
    return [
        made
        for rule in RULES
        for made in (
            rate("false alarm, ever", SOUND, rule, max(TRUTHS), ever[rule], runs),
            rate("first false alarm, a day", SOUND, rule, max(TRUTHS), ever[rule], days),
        )
    ]


def detections(name: str, worlds: Sequence[World], runs: int, settings: ErrorSettings) -> list[Rate]:
    """How often each rule calls the model worse within so many true prices, as far as there are houses."""
    known = [houses_of(name, here) for here in worlds]
    counts = [count for count in TRUTHS if count <= min(map(len, known))]
    hits = {(rule, count): 0 for rule in RULES for count in counts}
    for run in range(runs):
        here, houses = worlds[run % len(worlds)], known[run % len(worlds)]
        order = np.random.default_rng([2, run]).permutation(houses)[: max(counts)]
        found = alarms(here, np.clip(CHANGES[name](here), LOWEST, HIGHEST), order.tolist(), settings)
        for rule in RULES:
            for count in counts:
                hits[rule, count] += any(found[rule][:count])
    return [rate("detection", name, rule, count, hits[rule, count], runs) for count in counts for rule in RULES]


def houses_of(name: str, here: World) -> NDArray[np.intp]:
    """The held-out houses that come."""
    in_city = here.features[:, CITY] == CITY_RAD
    return np.flatnonzero(in_city | (name != ONLY_CITY))


def windows(here: World, draw: np.random.Generator) -> Iterator[tuple[str, Matrix]]:
    """Kinds of traffic, and how likely each house is in it."""
    features = here.features
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    yield "as in training", np.ones(len(features))
    column = int(draw.integers(features.shape[1]))
    yield "tilted by a feature", np.exp(np.clip(draw.choice([-1, 1]) * scaled[:, column], -3, 3))
    cheap, dear = np.quantile(here.predicted, (1 / 3, 2 / 3))
    yield "cheap houses", (here.predicted < cheap).astype(float)
    yield "dear houses", (here.predicted > dear).astype(float)
    yield ONLY_CITY, (features[:, CITY] == CITY_RAD).astype(float)
    yield "only the suburbs' houses", (features[:, CITY] != CITY_RAD).astype(float)


def estimates(worlds: Sequence[World], repeats: int) -> list[Missed]:
    """How far each estimate is from the true error of windows without true prices."""
    off: Off = {}
    together: Off = {}
    blind: Off = {}
    for number, here in enumerate(worlds):
        draw, ways, risen_prices = (
            np.random.default_rng([3, number]),
            estimators(here),
            np.minimum(risen(here), HIGHEST),
        )
        for _ in range(repeats):
            for kind, chance in windows(here, draw):
                rows = draw.choice(len(chance), WINDOW, p=chance / chance.sum())
                for name, way in ways.items():
                    off.setdefault((kind, name), []).append(missed_by(here, way, rows, here.truth))
            rows = draw.choice(len(here.truth), WINDOW)
            for name, way in ways.items():
                blind.setdefault((BLIND, name), []).append(missed_by(here, way, rows, risen_prices))
    for kind, name in list(off):
        together.setdefault((ALL, name), []).extend(off[kind, name])
    found = []
    for (kind, name), misses in (off | together | blind).items():
        mae, rmse = np.mean(misses, axis=0).round(3).tolist()
        found.append(Missed(kind, name, mae, rmse, len(misses)))
    return found


def missed_by(here: World, way: Estimator, rows: NDArray[np.intp], truth: Matrix) -> tuple[float, float]:
    """By how much the estimate misses the MAE and the RMSE of the rows."""
    mae, rmse = way(here.features[rows], here.predicted[rows])
    errors = here.predicted[rows] - truth[rows]
    return abs(mae - float(np.abs(errors).mean())), abs(rmse - float(np.sqrt((errors**2).mean())))


def run(settings: ErrorSettings, splits: int, runs: int, trials: int, repeats: int) -> tuple[list[Rate], list[Missed]]:
    """All figures; a line on the error stream for each rate."""
    worlds = [world(seed) for seed in range(splits)]
    rates = _told(false_alarms(worlds, runs, settings))
    for name in each(list(CHANGES), "detections", "changes"):
        rates += _told(detections(name, worlds, trials, settings))
    return rates, estimates(worlds, repeats)


def _told(rates: list[Rate]) -> list[Rate]:
    for one in rates:
        say(f"{one.what}, {one.model}, {one.rule}, {one.truths} truths: {one.rate:.4f}")
    return rates


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_error", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of it, to see whether it runs")
    parser.add_argument("--output", type=Path, default=PLACE)
    parser.add_argument("--document", type=Path, help="whose table is renewed, as docs/monitoring.md")
    return parser.parse_args(arguments)


def main() -> None:
    """Simulate, print the table and keep the figures."""
    wanted = parse(sys.argv[1:])
    document = yaml.safe_load((ROOT / "zenml_config" / "monitoring.yaml").read_text())["parameters"]
    settings = ErrorSettings(**document["error"])
    known = machine.describe(("numpy", "scipy", "scikit-learn", "xgboost"))
    with watched():
        rates, missed = run(settings, *((3, 12, 6, 1) if wanted.quick else (20, 400, 100, 3)))
    results = Results(datetime.now(UTC).date().isoformat(), known, settings.model_dump(), rates, missed)
    write_atomically(wanted.output, encode(results))
    if wanted.document:
        renew(wanted.document, NAME, markdown(results))
    sys.stdout.write(f"{screen(results)}\n\nKept in {wanted.output}\n")


if __name__ == "__main__":
    main()
