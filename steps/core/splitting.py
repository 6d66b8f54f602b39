"""How the houses are parted into those that train a model and those that judge it."""

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from sklearn.model_selection import train_test_split

from steps.core.errors import DataError


class Preparation(BaseModel):
    """How the training set is split.

    Attributes:
        test_share: the share of houses, 0 to 1, that no fit and no choice sees.
        seed: of the shuffling.
        minimum_houses: fewer make no training set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    test_share: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    minimum_houses: int = Field(ge=2)


def split(houses: pd.DataFrame, preparation: Preparation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training rows and the test rows, shuffled.

    The same seed and the same houses give the same split: the rows come in the order of `house_id`.

    Raises:
        DataError: there are too few houses.
    """
    if len(houses) < preparation.minimum_houses:
        raise DataError(
            f"The training set has {len(houses)} houses, wanted at least {preparation.minimum_houses}. "
            "Publish more with the feature pipeline, or lower `minimum_houses` in zenml_config/training.yaml."
        )
    train, test = train_test_split(houses, test_size=preparation.test_share, random_state=preparation.seed)
    return train.reset_index(drop=True), test.reset_index(drop=True)
