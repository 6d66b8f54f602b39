"""What the motorway does to the houses of the story."""

import numpy as np
import pandas as pd
import pytest

from pipelines.story.neighbourhood import Motorway, concerned, opened, prices, sold
from tests.houses import boston

MOTORWAY = Motorway(highways=(4, 5), nox=0.2, most_nox=0.65, log_price_of_nox_squared=-0.5, seed=1, sold_before=1)
HOUSES = pd.DataFrame(
    {
        "house_id": [7, 8, 9],
        "RAD": [4.0, 24.0, 5.0],
        "NOX": [0.4, 0.6, 0.5],
        "RM": [6.0] * 3,
        "MEDV": [20.0, 30.0, 10.0],
    }
)


def test_it_concerns_the_houses_along_it_and_changes_their_air_and_their_prices_alone() -> None:
    old = concerned(HOUSES, MOTORWAY)
    new = opened(old, MOTORWAY)
    assert new["house_id"].tolist() == [7, 9]
    assert new["NOX"].tolist() == [0.6, 0.65]
    assert (
        new["MEDV"].tolist()
        == [round(20 * np.exp(-0.1), 1), round(10 * np.exp(-0.5 * (0.65**2 - 0.25)), 1)]
        == [18.1, 9.2]
    )
    assert new[["RAD", "RM"]].equals(old[["RAD", "RM"]])


def test_each_house_is_sold_once_before_or_after_the_retraining() -> None:
    first, later = sold(concerned(HOUSES, MOTORWAY), MOTORWAY)
    assert len(first) == 1
    assert prices(first) | prices(later) == {7: 20.0, 9: 10.0}


def test_the_price_of_clean_air_is_what_the_packaged_houses_say_by_the_equation_of_harrison_and_rubinfeld() -> None:
    houses = boston()
    logs = np.log(houses[["DIS", "RAD", "LSTAT", "MEDV"]].to_numpy())
    plain = houses[["CRIM", "ZN", "INDUS", "CHAS", "AGE", "TAX", "PTRATIO", "B"]].to_numpy()
    squares = houses[["NOX", "RM"]].to_numpy() ** 2
    X = np.column_stack([squares, plain, logs[:, :3], np.ones(len(houses))])
    slopes, *_ = np.linalg.lstsq(X, logs[:, 3], rcond=None)
    assert slopes[0] == pytest.approx(-0.638, abs=0.0005)
