"""The California example, made small: invented block groups, and its configuration with small models."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from zenml_config.environment import ROOT, read

EXAMPLE = ROOT / "examples" / "california_housing"
HOUSES = 480


def block_groups(count: int = HOUSES) -> pd.DataFrame:
    """Invented rows with the columns of the contract: the richer and the nearer to the coast, the dearer.

    One in a hundred lacks its bedrooms, as in the file that circulates.
    """
    draw = np.random.default_rng(42)
    income, occupants, rooms = draw.uniform(1, 10, count), draw.uniform(2, 4, count), draw.uniform(3, 8, count)
    latitude = draw.uniform(32.6, 41.8, count)
    inland = draw.uniform(0, 4, count)
    price = np.clip(0.35 * income - 0.4 * inland + 0.1 * occupants + 0.8, 0.2, 5.00001)
    return pd.DataFrame(
        {
            "MedInc": income.round(4),
            "HouseAge": draw.integers(1, 53, count),
            "AveRooms": rooms,
            "AveBedrms": np.where(np.arange(count) % 100 == 7, np.nan, rooms / 5),
            "Population": draw.integers(300, 4000, count),
            "AveOccup": occupants,
            "Latitude": latitude.round(2),
            "Longitude": (-118 - (latitude - 34) * 0.9 + inland).clip(-124.3, -114.2).round(2),
            "MedHouseVal": price.round(5),
        }
    )


def small_example(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example's environment in this process, with its data and its configuration, made quick, in the folder."""
    for name in ("REST", "METRICS", "GRPC", "CONSOLE", "DASHBOARD"):
        monkeypatch.delenv(f"HPP_{name}_PORT")
    monkeypatch.setenv("HPP_ENVIRONMENT_FILE", str(EXAMPLE / "california.env"))  # what is set already wins over it
    own = {"HPP_VAR_DIR": str(folder), "HPP_CONFIG": str(folder / "config"), "HPP_PROFILE_SECONDS": "1"}
    for name, value in read(EXAMPLE / "california.env", own).items():
        monkeypatch.setenv(name, value)
    block_groups().to_csv(folder / "houses.csv", index=False)
    (folder / "config").mkdir()
    for path in (EXAMPLE / "config").glob("*.yaml"):
        document = yaml.safe_load(path.read_text())
        if path.stem == "features":
            document["parameters"]["source"]["path"] = str(folder / "houses.csv")
        if path.stem == "training":
            _quick(document["parameters"])
        (folder / "config" / path.name).write_text(yaml.safe_dump(document, sort_keys=False))


def _quick(parameters: dict[str, Any]) -> None:
    """Small trees and few of them: what is left of a training is what the platform does around the fits."""
    trees = {"n_estimators": 60, "max_depth": 3, "learning_rate": 0.2}
    parameters["validation"] |= {"folds": 2}
    parameters["quality"] |= {"folds": 2}
    parameters["sensitive_features"]["cost"]["parameters"] = trees
    for experiment in parameters["experiments"]:
        if experiment["search"]:
            space = {"max_depth": {"randint": [2, 4]}}
            experiment["search"] = {"iterations": 2, "folds": 2, "space": space}
        elif experiment["parameters"]:
            experiment["parameters"] = trees
        if "segments" in experiment:
            experiment["segments"]["minimum_houses"] = 50
