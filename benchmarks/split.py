"""The experiments on the talk's own split: `python -m benchmarks.split [FILE.csv]` (a Kaggle file; default: packaged).

The champion is chosen by cross-validation of the training rows; the test rows only tell. Missing values are left to
XGBoost. The last line says what the training seed alone does to the test error. The figures are kept in
`docs/benchmarks/split.json`, their table in the README and in docs/training.md.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.nested import COLUMNS, houses, ours
from benchmarks.split_results import Measured, Split, keep
from steps.core import procedures
from steps.core.columns import Matrix, prices
from steps.core.estimators import estimator
from steps.core.evaluation import cross_validated, errors, out_of_fold
from steps.core.experiments import Experiment, Validation
from steps.core.regressors import plain, regressor
from steps.core.scaling import FittedScaler, fit_scaler, restrict, scale
from steps.core.search import Scaled
from steps.core.splitting import Preparation, split
from zenml_config.environment import ROOT

TARGET = "MEDV"
OTHER_SEEDS = range(20)

Rows = tuple[Scaled, Matrix]


def read(path: Path | None) -> pd.DataFrame:
    """The houses in the columns of the contract, numbered."""
    if path is None:
        X, y = houses()
        table = pd.DataFrame(X.astype(np.float64), columns=list(COLUMNS)).assign(**{TARGET: y})
    else:
        table = pd.read_csv(path)[[*COLUMNS, TARGET]]
    table.insert(0, "house_id", range(len(table)))
    return table


def measure(experiment: Experiment, train: Rows, test: Rows, scaler: FittedScaler, validation: Validation) -> Measured:
    """The figures of the experiment's model.

    Args:
        scaler: of the rows.
    """
    X, y = train
    chosen, parameters = procedures.settle(experiment, X, y, COLUMNS, validation.model_seed)
    rows = X[:, chosen]
    model = estimator(parameters, validation.model_seed, restrict(scaler, [COLUMNS[at] for at in chosen]))
    figures = cross_validated(y, out_of_fold(model, rows, y, validation), validation)
    told = errors(test[1], plain(model.fit(rows, y)).predict(test[0][:, chosen]), "test")
    return Measured(
        experiment=experiment.name,
        cv_rmse=figures["cv_rmse"],
        cv_rmse_sd=figures["cv_rmse_sd"],
        test_rmse=told["test_rmse"],
        test_r2=told["test_r2"],
    )


def seeds(experiment: Experiment, train: Rows, test: Rows) -> list[float]:
    """The test RMSE of single models that differ in their seed only."""
    parameters = experiment.parameters.given()
    models = [regressor(parameters, seed).fit(*train) for seed in OTHER_SEEDS]
    return [errors(test[1], model.predict(test[0]), "test")["test_rmse"] for model in models]


def main() -> None:
    """Print the figures, the champion first, keep them, and write their table into the documents."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.split", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", help="default: the packaged data")
    path = parser.parse_args().file
    settings = yaml.safe_load((ROOT / "zenml_config" / "training.yaml").read_text())["parameters"]
    validation = Validation(**settings["validation"])
    table = read(path)
    parts = split(table, Preparation(**settings["preparation"]))
    scaler = fit_scaler(parts[0])
    train, test = ((scale(part, scaler), prices(part)) for part in parts)
    found = sorted((measure(one, train, test, scaler, validation) for one in ours()), key=lambda one: one.cv_rmse)
    single = seeds(ours()[-1], train, test)
    for one in found:
        sys.stdout.write(
            f"{one.experiment:22} cross-validated RMSE {one.cv_rmse:.3f} ± {one.cv_rmse_sd:.2f}, "
            f"test RMSE {one.test_rmse:.3f}, R² {one.test_r2:.3f}\n"
        )
    sys.stdout.write(
        f"{len(single)} single models that differ in their seed only: test RMSE {np.mean(single):.3f} "
        f"({min(single):.3f} to {max(single):.3f})\n"
    )
    missing = int(table[list(COLUMNS)].isna().sum().sum())
    keep(
        Split(
            data=path.name if path else "packaged",
            missing=missing,
            test_rows=len(test[1]),
            measured=found,
            seeds=single,
        )
    )


if __name__ == "__main__":
    main()
