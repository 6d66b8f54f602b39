"""The split of the houses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from steps.core.errors import DataError
from steps.core.splitting import Preparation, split
from tests.houses import boston

TALK = Preparation(test_share=0.2, seed=42, minimum_houses=50)


def test_it_is_the_talks_split_row_by_row() -> None:
    houses = boston()
    X_train, X_test = train_test_split(houses.to_numpy(), test_size=0.2, random_state=42)
    train, test = split(houses, TALK)
    np.testing.assert_array_equal(train.to_numpy(), X_train)
    np.testing.assert_array_equal(test.to_numpy(), X_test)


def test_every_house_is_in_one_of_the_two_sets() -> None:
    train, test = split(boston(), TALK)
    assert sorted([*train["house_id"], *test["house_id"]]) == list(range(506))
    assert (len(train), len(test)) == (404, 102)


def test_another_seed_gives_another_split() -> None:
    _, test = split(boston(), TALK)
    _, other = split(boston(), TALK.model_copy(update={"seed": 43}))
    assert set(test["house_id"]) != set(other["house_id"])


def test_too_few_houses_are_refused_with_the_setting_that_says_so() -> None:
    few = pd.DataFrame({"house_id": range(49), "RM": 6.0, "MEDV": 20.0})
    with pytest.raises(DataError, match=r"has 49 houses, wanted at least 50.*minimum_houses"):
        split(few, TALK)
