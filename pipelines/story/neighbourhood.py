"""What happens to the market in the story: a motorway is opened, the air gets worse, prices fall.

Values in, values out.
"""

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from steps.core.fingerprint import HOUSE_ID

PRICE = "MEDV"


class Motorway(BaseModel):
    """Where the motorway is opened, and what it does.

    Attributes:
        highways: the houses whose RAD is one of these.
        nox: what is added to their NOX, in parts per 10 million, up to `most_nox`.
        log_price_of_nox_squared: what 1 more of NOX squared adds to the logarithm of a price.
        seed: of the order in which the houses are sold.
        sold_before: how many of them are sold before the retraining.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    highways: tuple[int, ...]
    nox: float = Field(gt=0)
    most_nox: float = Field(gt=0)
    log_price_of_nox_squared: float = Field(lt=0)
    seed: int = Field(ge=0)
    sold_before: int = Field(ge=1)


def concerned(houses: pd.DataFrame, motorway: Motorway) -> pd.DataFrame:
    """The houses of the neighbourhood, as they were."""
    found: pd.DataFrame = houses[houses["RAD"].isin(motorway.highways)]
    return found


def opened(houses: pd.DataFrame, motorway: Motorway) -> pd.DataFrame:
    """The houses of the neighbourhood as they are now: their NOX and their prices, in 1000 USD to one decimal.

    Args:
        houses: `house_id`, the features and MEDV of the neighbourhood.
    """
    nox = (houses["NOX"] + motorway.nox).clip(upper=motorway.most_nox)
    factor = np.exp(motorway.log_price_of_nox_squared * (nox**2 - houses["NOX"] ** 2))
    return houses.assign(NOX=nox.round(4), **{PRICE: (houses[PRICE] * factor).round(1)})


def sold(houses: pd.DataFrame, motorway: Motorway) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The houses of the neighbourhood that are sold before the retraining, and those that are sold after it."""
    order = houses.sample(frac=1, random_state=motorway.seed)
    return order.iloc[: motorway.sold_before], order.iloc[motorway.sold_before :]


def prices(houses: pd.DataFrame) -> dict[int, float]:
    """The price of each house, by its id."""
    return {int(house): float(price) for house, price in zip(houses[HOUSE_ID], houses[PRICE], strict=True)}
