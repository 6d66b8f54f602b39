"""Nested cross-validation: every procedure looks for its parameters anew in the training rows of each outer fold."""

import time
from collections.abc import Mapping

import numpy as np
import yaml
from mlxtend.data import boston_housing_data
from numpy.typing import NDArray
from pydantic import TypeAdapter

from benchmarks import talk
from benchmarks.watched import say
from steps.core import procedures
from steps.core.columns import Matrix
from steps.core.experiments import Experiment, Experiments
from steps.core.procedures import Procedure
from steps.core.quality import Fold, Standing, predictions, standings
from steps.core.search import Scaled
from steps.terminal.tasks import counting, task
from zenml_config.environment import ROOT

COLUMNS: tuple[str, ...] = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B")
COLUMNS += ("LSTAT",)
TOWN_PROXY = ("RAD", "TAX", "PTRATIO")
SEED = 42
CONFIDENCE = 0.95


def ours() -> list[Experiment]:
    """The experiments of training.yaml."""
    document = yaml.safe_load((ROOT / "zenml_config" / "training.yaml").read_text())["parameters"]
    return TypeAdapter(Experiments).validate_python(document["experiments"])


def houses() -> tuple[Scaled, Matrix]:
    """The 506 packaged houses: features and prices."""
    X, y = boston_housing_data()
    return X.astype(np.float32), y


def towns(X: Scaled) -> NDArray[np.intp]:
    """A number for each town as far as the columns tell: 78 of 92, since the 15 parts of Boston share theirs."""
    at = [COLUMNS.index(name) for name in TOWN_PROXY]
    numbers: NDArray[np.intp] = np.unique(X[:, at], axis=0, return_inverse=True)[1].ravel()
    return numbers


def compared(iterations: int, folds: int) -> dict[str, Procedure]:
    """What is compared, the champion first. The talk's searches have their fits side by side, which changes nothing."""
    tuned, *_, bagged, by_region = ours()
    talks, *_ = talk.experiments(iterations, folds)
    searched = {
        f"{whose}: {wanted.name}": procedures.experiment(wanted, COLUMNS, SEED)
        for whose, wanted in (
            ("the talk", talks),
            ("this platform", _resized(tuned, iterations, folds)),
        )
    }
    return {
        f"this platform: {bagged.name}": procedures.experiment(bagged, COLUMNS, SEED),
        f"this platform: {by_region.name}": procedures.experiment(by_region, COLUMNS, SEED),
        **searched,
        **fixed_peers(),
    }


def unsearched() -> dict[str, Procedure]:
    """The same without those that search."""
    *_, bagged, by_region = ours()
    own = {f"this platform: {one.name}": procedures.experiment(one, COLUMNS, SEED) for one in (bagged, by_region)}
    return own | fixed_peers()


def fixed_peers() -> dict[str, Procedure]:
    """The yardsticks."""
    return {
        "XGBoost's defaults": procedures.xgboost_defaults(SEED),
        "CatBoost's defaults": procedures.catboost(SEED),
        "linear regression": procedures.linear,
        "median price": procedures.median,
    }


def _resized(wanted: Experiment, iterations: int, folds: int) -> Experiment:
    assert wanted.search is not None  # noqa: S101
    search = wanted.search.model_copy(update={"iterations": iterations, "folds": folds})
    return wanted.model_copy(update={"search": search})


def measure(wanted: Mapping[str, Procedure], X: Scaled, y: Matrix, folds: list[Fold]) -> list[Standing]:
    """The standings of the procedures on the folds."""
    predicted = {}
    for name, procedure in wanted.items():
        started = time.perf_counter()
        with task(name, len(folds), "folds") as tell:
            predicted[name] = predictions(procedure, X, y, folds, counting(tell))
        say(f"{name}: {len(folds)} folds, {time.perf_counter() - started:.0f} s")
    return standings(predicted, y, folds, CONFIDENCE)
