"""How often the drift verdict is wrong: false alarms, missed shifts, and the wrong root cause.

`python -m benchmarks.drift [--quick] [--output FILE] [--document FILE]`, ten minutes; everything is the platform's own:
whylogs profiles, the settings of zenml_config/monitoring.yaml, a model with the best settings known for these houses.

- Undrifted traffic: rows drawn from the training rows with replacement; and, harder, houses held out by a random split,
  which differ from the training rows as any 102 houses do.
- Drifted traffic: held-out houses of random splits, one feature shifted by some standard deviations of the training
  rows, up or down; of a binary one, so many zeros turned to ones that the mean moves as far.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
import yaml
from mlxtend.data import boston_housing_data

from benchmarks import machine
from benchmarks.document import renew
from benchmarks.drift_results import NAME, PLACE, Rate, Results, encode, markdown, rate, screen
from benchmarks.promotion import GOOD
from benchmarks.watched import each, say, watched
from serving.files import write_atomically
from serving.records.profile_views import view_of
from steps.core.columns import Matrix, feature_names, matrix, prices
from steps.core.drift import DriftSettings, distinct_rows, judge
from steps.core.drift_verdict import DriftVerdict, Window
from steps.core.importance import ShapValues, shap_values
from steps.core.prediction import load_booster
from steps.core.reference import ReferenceShap, read_reference_shap, reference_profile, reference_shap
from steps.core.regressors import regressor
from steps.core.root_cause import rank_effects
from steps.core.scaling import FittedScaler, fit_scaler, scale
from steps.core.sketches import Sketch, read_sketches, sketches_of
from steps.core.splitting import Preparation, split
from steps.data.sources import PACKAGE_FEATURES
from zenml_config.environment import ROOT

TARGET = "MEDV"
HOURS = 24
SIZES, SHIFTS = (50, 200, 1000), (0.5, 1.0, 2.0)
DRAWN_AGAIN, HELD_OUT = "training rows, drawn again", "held-out houses"
OURS = "verdict"
Alarms = Callable[[DriftVerdict], frozenset[str]]
# What is called drifted by the verdict and by rules that are in use elsewhere.
RULES: dict[str, Alarms] = {
    OURS: lambda found: frozenset(one.name for one in found.columns if one.drifted or one.early),
    "score > 2 (first version)": lambda found: frozenset(one.name for one in found.columns if (one.score or 0) > 2),
    "KS p < 0.05": lambda found: frozenset(one.name for one in found.columns if one.p_ks < 0.05),
    "PSI > 0.25": lambda found: frozenset(one.name for one in found.columns if one.psi > 0.25),
}


@dataclass(frozen=True)
class World:
    """A model with its reference, and rows that it was not trained on."""

    booster: xgboost.Booster
    scaler: FittedScaler
    features: list[str]
    reference: dict[str, Sketch]
    shap: ReferenceShap
    train: Matrix
    held_out: Matrix
    spread: Matrix

    def priced(self, rows: Matrix) -> Matrix:
        """The rows with the model's prices as the last column."""
        scaled = scale(pd.DataFrame(rows, columns=self.features), self.scaler)
        predicted = self.booster.inplace_predict(scaled, missing=np.nan, validate_features=False)
        return np.column_stack([rows, predicted])

    def explained(self, rows: Matrix) -> ShapValues:
        """The SHAP values of the rows."""
        return shap_values(self.booster, scale(pd.DataFrame(rows, columns=self.features), self.scaler), self.features)

    def judged(self, rows: Matrix, settings: DriftSettings) -> DriftVerdict:
        """The verdict on the rows as a window of traffic."""
        seen = sketches_of(view_of([*self.features, TARGET], self.priced(rows)))
        distinct = distinct_rows(seen)
        window = Window(model="", version="1", start="", end="", hours=1, rows=len(rows), distinct=distinct)
        return judge(self.reference, seen, self.features, TARGET, window, settings)


def world(seed: int) -> World:
    """A model trained on four fifths of the houses."""
    X, y = boston_housing_data()
    houses = pd.DataFrame(X, columns=list(PACKAGE_FEATURES)).assign(**{TARGET: y})
    houses.insert(0, "house_id", np.arange(len(houses)))
    train, test = split(houses, Preparation(test_share=0.2, seed=seed, minimum_houses=50))
    scaler, features = fit_scaler(train), feature_names(train)
    fitted = regressor(dict(GOOD), seed).fit(scale(train, scaler), prices(train))
    model = bytes(fitted.get_booster().save_raw("ubj"))
    booster = load_booster(model)
    predicted = booster.inplace_predict(scale(train, scaler), missing=np.nan, validate_features=False)
    return World(
        booster=booster,
        scaler=scaler,
        features=features,
        reference=read_sketches(reference_profile(train, predicted, TARGET)),
        shap=read_reference_shap(reference_shap(model, scaler, train)),
        train=matrix(train, features),
        held_out=matrix(test, features),
        spread=matrix(train, features).std(axis=0, ddof=1),
    )


def drawn(rows: Matrix, n: int, draw: np.random.Generator) -> Matrix:
    """So many of the rows, with replacement."""
    return rows[draw.integers(len(rows), size=n)].copy()


def shifted(world: World, rows: Matrix, at: int, by_sd: float, draw: np.random.Generator) -> Matrix:
    """The rows with one feature moved by so many standard deviations."""
    moved = rows.copy()
    if set(np.unique(world.train[:, at])) <= {0.0, 1.0}:
        zeros = np.flatnonzero(moved[:, at] == 0)
        turned = min(len(zeros), round(by_sd * world.spread[at] * len(moved)))
        moved[draw.choice(zeros, turned, replace=False), at] = 1
    else:
        moved[:, at] += draw.choice([-1, 1]) * by_sd * world.spread[at]
    return moved


def false_alarms(kind: str, worlds: Iterator[World], n: int, days: int, settings: DriftSettings) -> list[Rate]:
    """How often each rule alarms at all, in a judgement and in a day of so many judgements of separate rows."""
    judgements = dict.fromkeys(RULES, 0)
    alarmed_days = dict.fromkeys(RULES, 0)
    for day in range(days):
        here, draw = next(worlds), np.random.default_rng([n, day])
        rows = here.train if kind == DRAWN_AGAIN else here.held_out
        found = [here.judged(drawn(rows, n, draw), settings) for _ in range(HOURS)]
        for name, alarms in RULES.items():
            alarmed = sum(bool(alarms(one)) for one in found)
            judgements[name] += alarmed
            alarmed_days[name] += bool(alarmed)
    return [
        made
        for name in RULES
        for made in (
            rate("false alarms a judgement", kind, name, n, 0.0, judgements[name], days * HOURS),
            rate("false alarms a day", kind, name, n, 0.0, alarmed_days[name], days),
        )
    ]


def detections(worlds: Iterator[World], n: int, shift: float, trials: int, settings: DriftSettings) -> list[Rate]:
    """How often each rule names the shifted feature."""
    hits = dict.fromkeys(RULES, 0)
    for trial in range(trials):
        here, draw = next(worlds), np.random.default_rng([n, int(shift * 10), trial])
        at = trial % len(here.features)
        found = here.judged(shifted(here, drawn(here.held_out, n, draw), at, shift, draw), settings)
        for name, alarms in RULES.items():
            hits[name] += here.features[at] in alarms(found)
    return [rate("detection", HELD_OUT, name, n, shift, hits[name], trials) for name in RULES]


def root_causes(worlds: Iterator[World], n: int, shift: float, trials: int, settings: DriftSettings) -> list[Rate]:
    """How often one shifted feature is ranked first; and of two, the one that moves the mean price more."""
    single, by_price, by_weight = 0, 0, 0
    for trial in range(trials):
        here, draw = next(worlds), np.random.default_rng([n, trial])
        rows = drawn(here.held_out, n, draw)
        one, two = draw.choice(len(here.features), 2, replace=False)
        moved = shifted(here, rows, one, shift, draw)
        found = rank_effects(here.judged(moved, settings), here.features, here.explained(moved), here.shap)
        single += found[0].feature == here.features[one]
        both = shifted(here, moved, two, shift, draw)
        effects = {at: _undone(here, rows, both, at) for at in (one, two)}
        wanted = here.features[max(effects, key=lambda at: effects[at])]
        verdict = here.judged(both, settings)
        by_price += rank_effects(verdict, here.features, here.explained(both), here.shap)[0].feature == wanted
        by_weight += rank_effects(verdict, here.features, None, here.shap)[0].feature == wanted
    two_causes = "the weightier of two shifted features first"
    return [
        rate("the shifted feature first", HELD_OUT, "by price effect", n, shift, single, trials),
        rate(two_causes, HELD_OUT, "by price effect", n, shift, by_price, trials),
        rate(two_causes, HELD_OUT, "by drift x SHAP share", n, shift, by_weight, trials),
    ]


def _undone(here: World, rows: Matrix, moved: Matrix, at: int) -> float:
    """How far the mean price moves when one feature alone is put back."""
    back = moved.copy()
    back[:, at] = rows[:, at]
    return float(abs(here.priced(moved)[:, -1].mean() - here.priced(back)[:, -1].mean()))


def run(settings: DriftSettings, splits: int, days: int, trials: int, causes: int) -> list[Rate]:
    """All rates; a line on the error stream for each, and how far it is."""
    known = [world(seed) for seed in range(splits)]

    def worlds() -> Iterator[World]:
        while True:
            yield from known

    quiet_days = (
        (DRAWN_AGAIN, 200, days),
        (DRAWN_AGAIN, 1000, days // 8),
        (HELD_OUT, 200, days // 4),
        (HELD_OUT, 1000, days // 8),
        (DRAWN_AGAIN, 50, days // 20),
    )
    simulations: list[Callable[[], list[Rate]]] = [
        *(partial(false_alarms, kind, worlds(), n, max(wanted, 1), settings) for kind, n, wanted in quiet_days),
        *(partial(detections, worlds(), n, shift, trials, settings) for n in SIZES for shift in SHIFTS),
        partial(root_causes, worlds(), 200, 1.0, causes, settings),
    ]
    return [rate for simulate in each(simulations, "simulations", "cases") for rate in _told(simulate())]


def _told(rates: list[Rate]) -> list[Rate]:
    for one in rates:
        say(f"{one.what}, {one.traffic}, {one.rule}, n {one.rows}, {one.shift_sd} sd: {one.rate:.4f}")
    return rates


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of it, to see whether it runs")
    parser.add_argument("--output", type=Path, default=PLACE)
    parser.add_argument("--document", type=Path, help="whose table is renewed, as docs/monitoring.md")
    return parser.parse_args(arguments)


def main() -> None:
    """Simulate, print the table and keep the figures."""
    wanted = parse(sys.argv[1:])
    document = yaml.safe_load((ROOT / "zenml_config" / "monitoring.yaml").read_text())["parameters"]
    settings = DriftSettings(**document["drift"])
    known = machine.describe(("whylogs", "numpy", "scipy", "xgboost"))
    sizes = (2, 5, 13, 4) if wanted.quick else (100, 400, 260, 100)
    with watched():
        rates = run(settings, *sizes)
    results = Results(datetime.now(UTC).date().isoformat(), known, settings.model_dump(), rates)
    write_atomically(wanted.output, encode(results))
    if wanted.document:
        renew(wanted.document, NAME, markdown(results))
    sys.stdout.write(f"{screen(results)}\n\nKept in {wanted.output}\n")


if __name__ == "__main__":
    main()
