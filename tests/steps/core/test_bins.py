"""Quantile bins that fits share."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import xgboost
from xgboost import XGBRegressor

from steps.core.bins import CACHE, BinCache, content_key
from steps.core.columns import prices
from steps.core.regressors import regressor
from steps.core.scaling import scale
from tests.training import prepared

PARAMETERS = {"n_estimators": 30, "subsample": 0.7, "max_bin": 64}


@pytest.fixture(autouse=True)
def _empty() -> Any:
    CACHE.clear()
    yield
    CACHE.clear()


def rows() -> tuple[Any, Any]:
    train, _, scaler = prepared()
    return scale(train, scaler), prices(train)


def raw(model: XGBRegressor) -> bytes:
    return bytes(model.get_booster().save_raw("ubj"))


def test_fits_on_the_same_rows_share_one_matrix_and_are_those_of_xgboosts_own_class() -> None:
    X, y = rows()
    for depth in (2, 3, 4):
        shared = regressor(PARAMETERS | {"max_depth": depth}, 42).fit(X.copy(), y.copy())
        own = XGBRegressor(**PARAMETERS, max_depth=depth, random_state=42, n_jobs=1).fit(X, y)
        assert raw(shared) == raw(own)
    assert len(CACHE) == 1


def test_threads_that_fit_on_one_matrix_at_once_do_not_disturb_each_other() -> None:
    X, y = rows()
    expected = [raw(XGBRegressor(**PARAMETERS, random_state=seed, n_jobs=1).fit(X, y)) for seed in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda seed: raw(regressor(PARAMETERS, seed).fit(X, y)), range(8)))
    assert found == expected
    assert len(CACHE) == 1


def test_other_rows_labels_bins_or_missing_values_make_another_matrix() -> None:
    X, y = rows()
    for data, label, changes in [
        (X, y, {}),
        (X[1:], y[1:], {}),
        (X, y + 1, {}),
        (X, y, {"max_bin": 16}),
        (X, y, {"missing": 0.0}),
        (X.astype(np.float64), y, {}),
    ]:
        regressor({"n_estimators": 1} | changes, 42).fit(data, label)
    assert len(CACHE) == 6


def test_what_is_more_than_rows_and_labels_is_not_shared() -> None:
    X, y = rows()
    weights = np.linspace(1, 2, len(y))
    shared = regressor(PARAMETERS, 42).fit(X, y, sample_weight=weights)
    assert len(CACHE) == 0
    own = XGBRegressor(**PARAMETERS, random_state=42, n_jobs=1).fit(X, y, sample_weight=weights)
    assert raw(shared) == raw(own)


def test_the_cache_forgets_what_was_not_asked_for_longest() -> None:
    cache, made = BinCache(limit=2), []

    def ask(name: str) -> None:
        cache.get((name,), lambda: made.append(name) or xgboost.QuantileDMatrix(np.zeros((1, 1)), [0.0]))

    for name in ("a", "b", "a", "c", "a", "b"):
        ask(name)
    assert made == ["a", "b", "c", "b"]
    assert len(cache) == 2


def test_two_threads_that_ask_for_the_same_matrix_get_one() -> None:
    cache, gate, made = BinCache(), threading.Barrier(4), []

    def make() -> xgboost.QuantileDMatrix:
        made.append(1)
        return xgboost.QuantileDMatrix(np.zeros((1, 1)), [0.0])

    def ask(_: int) -> xgboost.QuantileDMatrix:
        gate.wait(10)
        return cache.get(("same",), make)

    with ThreadPoolExecutor(4) as threads:
        matrices = list(threads.map(ask, range(4)))
    assert len(made) == 1
    assert all(matrix is matrices[0] for matrix in matrices)


def test_rows_that_are_no_arrays_have_no_key() -> None:
    assert content_key([[1.0]], np.zeros(1)) is None
