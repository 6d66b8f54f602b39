"""Which columns of a set of houses are what: `house_id`, then the features, then the price, in the contract's order."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.pricing.ratios import Derivation, Ratio
from steps.core.fingerprint import HOUSE_ID

Matrix = NDArray[np.float64]


def feature_names(houses: pd.DataFrame) -> list[str]:
    """The features, in the order of the contract."""
    return [str(name) for name in houses.columns[:-1] if name != HOUSE_ID]


def target_name(houses: pd.DataFrame) -> str:
    """The column of the price, which is the last one."""
    return str(houses.columns[-1])


def matrix(houses: pd.DataFrame, features: Sequence[str]) -> Matrix:
    """(n_houses, n_features) float64 in the order of `features`; missing values are NaN."""
    values: Matrix = houses[list(features)].to_numpy("float64", na_value=np.nan)
    return values


def as_defined(houses: pd.DataFrame, derived: Mapping[str, Ratio]) -> pd.DataFrame:
    """The houses with the derived features of these definitions, whatever stood under their names.

    Those whose parts the houses lack are not among them: a sensitive part may be left out.
    """
    possible = {name: ratio for name, ratio in derived.items() if set(ratio.parts) <= set(houses.columns)}
    if not possible:
        return houses
    derivation = Derivation(list(possible), possible)
    values = derivation.features_from(matrix(houses, derivation.inputs))
    defined = houses.assign(**{name: values[:, column] for column, name in enumerate(possible)})
    target = target_name(houses)
    return defined[[*(name for name in defined.columns if name != target), target]]


def prices(houses: pd.DataFrame) -> Matrix:
    """(n_houses,) float64 in the target's unit."""
    values: Matrix = houses[target_name(houses)].to_numpy("float64")
    return values
