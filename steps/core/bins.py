"""The quantile bins of the training rows, made once for all fits on the same rows.

A search fits fifty candidates on the same ten folds: XGBoost would sort and bin each fold's rows fifty times.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost

# More than the folds of a search, and the whole of the rows: each is about one byte a value.
LIMIT = 24

Key = tuple[Any, ...]


class BinCache:
    """The matrices that were made last, by what they were made of.

    Threads may ask at once: XGBoost only reads a finished matrix, and each is made by one thread only.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._made: OrderedDict[Key, _Once] = OrderedDict()

    def get(self, key: Key, make: Callable[[], xgboost.DMatrix]) -> xgboost.DMatrix:
        """The matrix of the key, made if it is not there."""
        with self._lock:
            once = self._made.setdefault(key, _Once())
            self._made.move_to_end(key)
            while len(self._made) > self._limit:
                self._made.popitem(last=False)
        return once.get(make)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._made.clear()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._made)


class _Once:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._matrix: xgboost.DMatrix | None = None

    def get(self, make: Callable[[], xgboost.DMatrix]) -> xgboost.DMatrix:
        with self._lock:
            if self._matrix is None:
                self._matrix = make()
            return self._matrix


def content_key(data: Any, label: Any, *settings: Any) -> Key | None:
    """What tells these rows, labels and settings from others: the digest of their bytes; none if they are no arrays.

    By content, not by identity: scikit-learn cuts each fold out anew for every candidate, in whatever process.
    """
    if not isinstance(data, np.ndarray) or not isinstance(label, np.ndarray):
        return None
    digest = hashlib.blake2b(np.ascontiguousarray(data), digest_size=16)
    digest.update(np.ascontiguousarray(label))
    return (digest.digest(), data.shape, data.dtype.str, label.dtype.str, *settings)


# One for the process: a worker of a cluster gets its estimators pickled, one by one.
CACHE = BinCache()
