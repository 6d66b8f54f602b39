"""Houses for the tests: the packaged 506, small ones made by hand, and the file of the Kaggle data set."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from steps.core.expectations import Distribution
from steps.core.houses import arrange
from steps.data.sources import PACKAGE_FEATURES, Source
from steps.publish_features import Publication
from zenml_config.environment import ROOT

COLUMNS = [*PACKAGE_FEATURES, "MEDV"]
DERIVED = ["TAX_PER_ROOM", "LSTAT_PER_ROOM", "PTRATIO_PER_ROOM", "NOX_PER_MILE"]
FINGERPRINT = "832e894115c56dd24ec63848d4a3d9bd921d268d0be1bee2a8f4ee5ea318f5f7"
KAGGLE_FILE = Path(os.environ.get("HPP_SHARED_DATA", ROOT.parent / "shared" / "data")) / "HousingData.csv"


def parameters() -> dict[str, Any]:
    """What features.yaml gives the pipeline."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "zenml_config" / "features.yaml").read_text())
    parameters: dict[str, Any] = document["parameters"]
    return parameters


def csv_source(path: object, **changes: object) -> Source:
    """The settings of features.yaml, but from a CSV file or address."""
    return Source(**{**parameters()["source"], "kind": "csv", "path": str(path), **changes})


def distribution(**changes: object) -> Distribution:
    return Distribution(**{**parameters()["distribution"], **changes})


def publication(**changes: object) -> Publication:
    return Publication(**{**parameters()["publication"], **changes})


@cache
def _boston() -> pd.DataFrame:
    from mlxtend.data import boston_housing_data

    X, y = boston_housing_data()
    return arrange(pd.DataFrame(X, columns=list(PACKAGE_FEATURES)).assign(MEDV=y), COLUMNS, "the package")


def boston() -> pd.DataFrame:
    """The 506 houses, a copy of its own."""
    return _boston().copy()
