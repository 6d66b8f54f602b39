"""The reference profile: the training rows and the model's prices for them, for drift to be compared with."""

from typing import Any

import numpy as np
import pandas as pd

from steps.core.columns import feature_names, matrix


def reference_profile(train: pd.DataFrame, predicted: Any, target: str) -> bytes:
    """A whylogs profile of all raw features of the training rows and of the predictions, under the target's name.

    Args:
        predicted: (n_houses,) prices of the same rows.
    """
    import whylogs

    features = feature_names(train)
    # whylogs runs on NumPy 2 with plain numbers only: float64 columns, and no others.
    columns = pd.DataFrame(matrix(train, features), columns=features)
    columns[target] = np.asarray(predicted, dtype="float64")
    view = whylogs.log(columns).view()
    return bytes(view.serialize())
