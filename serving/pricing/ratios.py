"""Derived features as data: ratios of stored features, computed by the service from their definition in the bundle.

Feast keeps the function of its on-demand view as source text and as a pickle; a server runs neither. The arithmetic is
the same single division of float64, so that both come to the same bits.
"""

import math
from collections.abc import Mapping, Sequence
from operator import itemgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
FEW_ROWS = 8  # up to here a loop in Python is quicker than a dozen calls of NumPy


class Ratio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stored feature divided by another."""

    numerator: str
    denominator: str

    @property
    def formula(self) -> str:
        """The definition in words."""
        return f"{self.numerator} / {self.denominator}"

    @property
    def parts(self) -> tuple[str, str]:
        """The names of what it is made of."""
        return self.numerator, self.denominator


def inputs_of(features: Sequence[str], derived: Mapping[str, Ratio]) -> tuple[str, ...]:
    """The stored features that a model's features are made of: its own in training order, then what ratios need."""
    own = [name for name in features if name not in derived]
    needed = [part for name in features if name in derived for part in derived[name].parts]
    return tuple(dict.fromkeys([*own, *needed]))


class Derivation:
    """From stored features to those that a model takes.

    Args:
        features: the model's features, in training order.
        derived: the definitions of those that are derived, by name; more than the model has do no harm.
    """

    def __init__(self, features: Sequence[str], derived: Mapping[str, Ratio]) -> None:
        self.inputs = inputs_of(features, derived)
        ratios = [name for name in features if name in derived]
        at = {name: position for position, name in enumerate([*self.inputs, *ratios])}
        self._none = not ratios
        self._pairs = [(at[derived[name].numerator], at[derived[name].denominator]) for name in ratios]
        self._above, self._below = np.array(self._pairs, dtype=np.intp).reshape(len(ratios), 2).T
        order = [at[name] for name in features]
        self._order = np.array(order, dtype=np.intp)
        self._take = itemgetter(*order, order[-1])  # one more: of one alone it gives no row
        self._made_of = {name: derived[name].parts if name in derived else (name,) for name in features}

    def features_from(self, inputs: Matrix) -> Matrix:
        """(n, n_features): what the model takes; a ratio is NaN where a part is missing, or the denominator is 0.

        Args:
            inputs: (n, n_inputs) float64 in the order of `inputs`, NaN where a value is missing.
        """
        if self._none:
            return inputs
        if len(inputs) <= FEW_ROWS:
            return self._of_few(inputs)
        below = inputs[:, self._below]
        if not below.all():
            below[below == 0] = np.nan
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers far outside of any contract
            ratios = inputs[:, self._above] / below
        return np.concatenate((inputs, ratios), axis=1)[:, self._order]

    def _of_few(self, inputs: Matrix) -> Matrix:
        rows = inputs.tolist()
        for row in rows:
            row += [row[above] / row[below] if row[below] else math.nan for above, below in self._pairs]
        return np.array([self._take(row)[:-1] for row in rows], dtype=np.float64)

    def touched_by(self, names: Sequence[str]) -> tuple[str, ...]:
        """The model's features that change with these stored ones, in training order."""
        return tuple(name for name, parts in self._made_of.items() if not set(parts).isdisjoint(names))
