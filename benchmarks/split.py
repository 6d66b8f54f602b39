"""The experiments on the talk's own split: `python -m benchmarks.split [FILE.csv]` (a Kaggle file; default: packaged).

The champion is chosen by cross-validation of the training rows; the test rows only tell. Missing values are left to
XGBoost. The last line says what the training seed alone does to the test error.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.nested import COLUMNS, houses, ours
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


def measure(
    experiment: Experiment, train: Rows, test: Rows, scaler: FittedScaler, validation: Validation
) -> dict[str, float]:
    """The figures of the experiment's model.

    Args:
        scaler: of the rows.
    """
    X, y = train
    chosen, parameters = procedures.settle(experiment, X, y, COLUMNS, validation.model_seed)
    rows = X[:, chosen]
    model = estimator(parameters, validation.model_seed, restrict(scaler, [COLUMNS[at] for at in chosen]))
    figures = cross_validated(y, out_of_fold(model, rows, y, validation), validation)
    return figures | errors(test[1], plain(model.fit(rows, y)).predict(test[0][:, chosen]), "test")


def seeds(experiment: Experiment, train: Rows, test: Rows) -> list[float]:
    """The test RMSE of single models that differ in their seed only."""
    parameters = experiment.parameters.given()
    models = [regressor(parameters, seed).fit(*train) for seed in OTHER_SEEDS]
    return [errors(test[1], model.predict(test[0]), "test")["test_rmse"] for model in models]


def main() -> None:
    """Print a line for each experiment, the champion first."""
    settings = yaml.safe_load((ROOT / "zenml_config" / "training.yaml").read_text())["parameters"]
    validation = Validation(**settings["validation"])
    parts = split(read(Path(sys.argv[1]) if len(sys.argv) > 1 else None), Preparation(**settings["preparation"]))
    scaler = fit_scaler(parts[0])
    train, test = ((scale(part, scaler), prices(part)) for part in parts)
    found = {one.name: measure(one, train, test, scaler, validation) for one in ours()}
    for name, figures in sorted(found.items(), key=lambda item: item[1]["cv_rmse"]):
        line = "cross-validated RMSE {cv_rmse:.3f} ± {cv_rmse_sd:.2f}, test RMSE {test_rmse:.3f}, R² {test_r2:.3f}"
        sys.stdout.write(f"{name:22} {line.format(**figures)}\n")
    single = seeds(ours()[-1], train, test)
    sys.stdout.write(
        f"{len(single)} single models that differ in their seed only: test RMSE {np.mean(single):.3f} "
        f"({min(single):.3f} to {max(single):.3f})\n"
    )


if __name__ == "__main__":
    main()
