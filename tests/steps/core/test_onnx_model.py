"""The booster as an ONNX model."""

from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from steps.core.errors import PlatformError
from steps.core.onnx_model import as_onnx
from tests.houses import boston

WIDTH = 13


def train(**parameters: Any) -> xgboost.Booster:
    """A booster on scaled houses of which 3 % of the values are missing."""
    houses = boston()
    raw = houses.drop(columns=["house_id", "MEDV"]).to_numpy(float)
    raw[np.random.default_rng(0).random(raw.shape) < 0.03] = np.nan
    scaled = (raw - np.nanmean(raw, axis=0)) / np.nanstd(raw, axis=0)
    data = xgboost.DMatrix(scaled.astype(np.float32), label=houses["MEDV"])
    return xgboost.train({"max_depth": 5, "eta": 0.08, "max_bin": 64, "nthread": 1, **parameters}, data, 200)


def in_onnx(model: bytes, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    prices: NDArray[np.float32] = session.run(None, {"scaled": rows})[0][:, 0]
    return prices


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    return train()


@pytest.fixture(scope="module")
def model(booster: xgboost.Booster) -> bytes:
    return as_onnx(bytes(booster.save_raw("ubj")))


@pytest.fixture(scope="module")
def thresholds(booster: xgboost.Booster) -> list[float]:
    """Where the trees split: the values at which a wrong comparison would show."""
    table = booster.trees_to_dataframe()
    return sorted({float(np.float32(split)) for split in table["Split"].dropna()})


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_every_row_has_the_very_price_of_xgboost(
    booster: xgboost.Booster, model: bytes, thresholds: list[float], data: st.DataObject
) -> None:
    value = st.sampled_from([*thresholds, float("nan"), 0.0, -1e30, 1e30]) | st.floats(-5, 5, width=32)
    rows = data.draw(st.lists(st.lists(value, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=20))
    matrix = np.array(rows, dtype=np.float32)
    expected = booster.inplace_predict(matrix, missing=np.nan)
    assert in_onnx(model, matrix).tolist() == expected.tolist()


def test_a_row_has_the_same_price_alone_and_among_thousands(model: bytes) -> None:
    rows = np.random.default_rng(1).normal(size=(5000, WIDTH)).astype(np.float32)
    together = in_onnx(model, rows)
    assert [in_onnx(model, rows[at : at + 1])[0] for at in range(0, 5000, 500)] == together[::500].tolist()


def test_trees_of_one_leaf_and_a_given_base_score_are_kept() -> None:
    booster = train(gamma=1e9, base_score=7.5)
    rows = np.zeros((1, WIDTH), dtype=np.float32)
    model = as_onnx(bytes(booster.save_raw("ubj")))
    assert in_onnx(model, rows).tolist() == booster.inplace_predict(rows).tolist()


def test_a_booster_of_another_kind_is_refused() -> None:
    with pytest.raises(PlatformError, match=r"gblinear"):
        as_onnx(bytes(train(booster="gblinear").save_raw("ubj")))
