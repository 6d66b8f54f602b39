"""A model for each range of a column, joined in one booster that chooses by the row's own value."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Self

import numpy as np
import xgboost
from numpy.typing import NDArray

from steps.core.gating import LOWEST, Part, gated
from steps.core.regressors import BaggedRegressor, xgboosts_own

# The segment of rows that lack the column's value, and of segments that are too small: the model of all rows.
GLOBAL = -1


class SegmentedRegressor(BaggedRegressor):
    """A bagged model for each segment of the rows; small ones, and rows without a value, have that of all rows.

    A segment's model sees the other segments' rows with the weight `segment_pooling`: between a model of its own rows
    and that of all rows ("partial pooling"). Which segments are too small is found in the rows of each fit.

    Args:
        segment_column: its position.
        segment_cuts: rising; the segments are the values below the first, from the first to below the second, …
        segment_pooling: from 0 to 1, which is the model of all rows.
        segment_minimum: a segment with fewer rows has the model of all rows.
        kwargs: BaggedRegressor's.
    """

    def __init__(
        self,
        *,
        segment_column: int = 0,
        segment_cuts: Sequence[float] = (),
        segment_pooling: float = 0.0,
        segment_minimum: int = 1,
        bagging_seeds: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(bagging_seeds=bagging_seeds, **kwargs)
        self.segment_column = segment_column
        self.segment_cuts = segment_cuts
        self.segment_pooling = segment_pooling
        self.segment_minimum = segment_minimum

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Fit the model of all rows, then that of each segment."""
        numbers = self.segments(X)
        self.counts_ = np.bincount(numbers[numbers != GLOBAL], minlength=len(self.segment_cuts) + 1)
        everywhere = self._part().fit(X, y, **kwargs)
        start = float(everywhere.models_[0].intercept_[0])
        self.parts_ = {GLOBAL: everywhere}
        for number, count in enumerate(self.counts_):
            if count >= max(self.segment_minimum, 1) and self.segment_pooling < 1:
                self.parts_[number] = self._fitted_to(numbers == number, X, y, start, **kwargs)
        self._merged = None
        return self

    def _part(self, **changes: Any) -> BaggedRegressor:
        return BaggedRegressor(bagging_seeds=self.bagging_seeds, **xgboosts_own(self) | changes)

    def _fitted_to(self, own: NDArray[np.bool_], X: Any, y: Any, start: float, **kwargs: Any) -> BaggedRegressor:
        part, rows, price = self._part(base_score=start), np.asarray(X), np.asarray(y)
        given = kwargs.pop("sample_weight", None)
        if self.segment_pooling == 0:
            weights = None if given is None else np.asarray(given)[own]
            return part.fit(rows[own], price[own], sample_weight=weights, **kwargs)
        weights = np.where(own, 1.0, self.segment_pooling)
        return part.fit(rows, price, sample_weight=weights if given is None else weights * np.asarray(given), **kwargs)

    def segments(self, X: Any) -> NDArray[np.intp]:
        """(n_rows,) the number of each row's segment, by the values as XGBoost compares them; -1 without a value."""
        values = np.asarray(X)[:, self.segment_column].astype(np.float32)
        numbers = np.searchsorted(np.asarray(self.segment_cuts, dtype=np.float32), values, side="right")
        return np.where(np.isnan(values), GLOBAL, numbers)

    def predict(self, X: Any, **kwargs: Any) -> NDArray[np.float32]:
        """Each row's prediction by its segment's model. That of the joined booster differs by its rounding."""
        rows, numbers = np.asarray(X), self.segments(X)
        predicted = np.empty(len(rows), dtype=np.float32)
        for number in np.unique(numbers):
            mine = numbers == number
            predicted[mine] = self.parts_[self._owner(int(number))].predict(rows[mine], **kwargs)
        return predicted

    def get_booster(self) -> xgboost.Booster:
        """All models in one booster that chooses by the column, made when it is first asked for."""
        if self._merged is None:
            boosters = {number: part.get_booster() for number, part in self.parts_.items()}
            owners, cuts, rows = self.ranges()
            parts = [Part(boosters[owner], count) for owner, count in zip(owners, rows, strict=True)]
            self._merged = gated(parts, cuts, owners.index(GLOBAL), self.segment_column)
            self._merged.feature_names = boosters[GLOBAL].feature_names
            self._merged.set_param({"nthread": self.n_jobs})
        return self._merged

    def ranges(self) -> tuple[list[int], list[float], list[float]]:
        """The numbers of the models by rising range, neighbours with the same one taken together; cuts; rows.

        Rows without a value go with the first range that has the model of all rows; if there is none, it has one of its
        own, below all numbers.
        """
        owners, cuts, rows = [], [], []
        for owner, run in groupby(range(len(self.counts_)), key=self._owner):
            numbers = list(run)
            owners.append(owner)
            cuts.append(LOWEST if numbers[0] == 0 else float(np.float32(self.segment_cuts[numbers[0] - 1])))
            # One row at least: of none, SHAP values would have nothing to weigh.
            rows.append(max(float(self.counts_[numbers].sum()), 1.0))
        if GLOBAL in owners:
            return owners, cuts[1:], rows
        return [GLOBAL, *owners], cuts, [1.0, *rows]

    def _owner(self, segment: int) -> int:
        """The number of the model that prices a segment."""
        return segment if segment in self.parts_ else GLOBAL

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` was called."""
        return hasattr(self, "parts_")
