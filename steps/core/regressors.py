"""The estimators of the experiments: XGBoost's regressor with shared bins, and the mean of several in one booster."""

from typing import Any, Self

import numpy as np
import xgboost
from numpy.typing import NDArray
from xgboost import XGBRegressor

from steps.core.bagging import merged
from steps.core.bins import CACHE, content_key

# How many seeds are averaged: a parameter of ours beside XGBoost's own in what is recorded of a model.
SEEDS = "bagging_seeds"


def regressor(parameters: dict[str, Any], seed: int) -> "BinnedRegressor":
    """An unfitted model with one thread: fits run side by side instead.

    Args:
        parameters: XGBoost's by its names, and perhaps `bagging_seeds`.
    """
    own = {name: value for name, value in parameters.items() if name != SEEDS}
    if (seeds := int(parameters.get(SEEDS, 1))) > 1:
        return BaggedRegressor(bagging_seeds=seeds, **own, random_state=seed, n_jobs=1)
    return BinnedRegressor(**own, random_state=seed, n_jobs=1)


def plain(model: XGBRegressor) -> XGBRegressor:
    """The fitted model as XGBoost's own class, which anyone can load, with the same booster."""
    own = XGBRegressor(**xgboosts_own(model))
    own.load_model(model.get_booster().save_raw("ubj"))
    return own


def xgboosts_own(model: XGBRegressor) -> dict[str, Any]:
    """The model's parameters that XGBoost's own class has too."""
    known = XGBRegressor().get_params()
    return {name: value for name, value in model.get_params().items() if name in known}


class BinnedRegressor(XGBRegressor):
    """XGBoost's regressor; fits on the very same rows share their quantile bins (steps.core.bins)."""

    def _create_dmatrix(self, ref: xgboost.DMatrix | None, **kwargs: Any) -> xgboost.DMatrix:
        """XGBoost's own hook for making the training matrix; anything but plain rows and labels goes its usual way."""
        make = super()._create_dmatrix
        extra = {name for name, value in kwargs.items() if value is not None} - {"data", "label", "missing"}
        if ref is not None or extra - {"enable_categorical"} or self.tree_method not in (None, "auto", "hist"):
            return make(ref, **kwargs)
        key = content_key(kwargs["data"], kwargs["label"], self.max_bin, repr(kwargs["missing"]))
        return CACHE.get(key, lambda: make(None, **kwargs)) if key else make(None, **kwargs)


class BaggedRegressor(BinnedRegressor):
    """The mean of models that differ in their seed only; as a booster, one with the trees of all.

    What subsampling leaves to chance averages out (Breiman 1996, "Bagging predictors", Machine Learning 24).

    Args:
        bagging_seeds: how many; their seeds are `random_state`, `random_state` + 1 and so on.
        kwargs: XGBRegressor's.
    """

    def __init__(self, *, bagging_seeds: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bagging_seeds = bagging_seeds

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Fit one model after the other."""
        own = xgboosts_own(self)
        first = int(own["random_state"] or 0)
        singles = [BinnedRegressor(**own | {"random_state": first + number}) for number in range(self.bagging_seeds)]
        self.models_ = [single.fit(X, y, **kwargs) for single in singles]
        self._merged: xgboost.Booster | None = None
        return self

    def predict(self, X: Any, **kwargs: Any) -> NDArray[np.float32]:
        """The mean of the predictions. Those of the merged booster differ by its rounding, 5e-6 of them at most."""
        mean: NDArray[np.float32] = np.mean([model.predict(X, **kwargs) for model in self.models_], axis=0)
        return mean

    def get_booster(self) -> xgboost.Booster:
        """The trees of all models in one booster, made when it is first asked for: that takes as long as two fits."""
        if self._merged is None:
            self._merged = merged([model.get_booster() for model in self.models_])
            self._merged.set_param({"nthread": self.n_jobs})
        return self._merged

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` was called."""
        return hasattr(self, "models_")
