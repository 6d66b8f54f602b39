"""The out-of-fold errors of the training rows, as data in the bundle: what live errors are held against."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd

from steps.core.columns import Matrix, matrix, prices
from steps.core.intervals import TIERS


class ReferenceErrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What models that were fitted without the row said of each training row.

    Attributes:
        features: of the model, in training order.
        rows: (n, features) raw values, None where one is missing.
        truth: (n,) in the target's unit.
        predicted: (n_repeats, n) out-of-fold predictions, in the target's unit.
    """

    features: tuple[str, ...]
    rows: tuple[tuple[float | None, ...], ...]
    truth: tuple[float, ...]
    predicted: tuple[tuple[float, ...], ...]

    @property
    def values(self) -> Matrix:
        """(n, features) raw values; missing ones are NaN."""
        return np.array(self.rows, dtype=np.float64)

    @property
    def errors(self) -> Matrix:
        """(n_repeats, n) predicted less true price."""
        errors: Matrix = np.array(self.predicted) - np.array(self.truth)
        return errors

    @property
    def tier_edges(self) -> tuple[float, ...]:
        """The true prices that part the thirds, as in the model card."""
        return tuple(np.quantile(self.truth, np.arange(1, TIERS) / TIERS).tolist())


def reference_errors(train: pd.DataFrame, left_out: Matrix, features: Sequence[str]) -> bytes:
    """The bundle's file.

    Args:
        left_out: (n_repeats, n_rows) out-of-fold predictions of the training rows.
        features: of the model, in training order.
    """
    raw = matrix(train, features).tolist()
    rows = tuple(tuple(None if np.isnan(value) else value for value in row) for row in raw)
    predicted = tuple(map(tuple, left_out.tolist()))
    return msgspec.json.encode(ReferenceErrors(tuple(features), rows, tuple(prices(train).tolist()), predicted))


def read_reference_errors(data: bytes) -> ReferenceErrors:
    """What the bundle's file says.

    Raises:
        msgspec.DecodeError: it is no such file.
    """
    return msgspec.json.decode(data, type=ReferenceErrors)
