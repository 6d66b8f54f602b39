"""Which houses stand for all of them when there are too many to look at each."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator


class Sample(BaseModel):
    """How houses are chosen.

    Attributes:
        most: all houses, if there are no more than that many; otherwise so many.
        newest: how many of them are those that were observed last; the rest is drawn at random.
        seed: of the random draw: the same houses for the same seed and the same store.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    most: int = Field(ge=1)
    newest: int = Field(ge=0)
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _newest_fit(self) -> "Sample":
        if self.newest > self.most:
            raise ValueError(f"`newest` is {self.newest}, more than `most`, {self.most}")
        return self


def sample(house_ids: NDArray[np.int64], observed: NDArray[np.float64], wanted: Sample) -> NDArray[np.int64]:
    """The ids of the chosen houses, ascending.

    Args:
        house_ids: (n,) each once.
        observed: (n,) when each was observed last, in seconds since 1970.
    """
    if len(house_ids) <= wanted.most:
        return np.sort(house_ids)
    order = np.lexsort((house_ids, observed))  # the same order whatever that of the store
    rest = len(order) - wanted.newest
    drawn = np.random.default_rng(wanted.seed).choice(rest, wanted.most - wanted.newest, replace=False)
    return np.sort(house_ids[np.concatenate([order[rest:], order[drawn]])])
