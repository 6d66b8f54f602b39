"""A model for each range of a column, in one booster."""

from typing import Any

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from steps.core.columns import Matrix, feature_names, matrix, prices
from steps.core.errors import PlatformError
from steps.core.estimators import estimator, scaled
from steps.core.gating import Part, gated
from steps.core.onnx_model import as_onnx
from steps.core.regressors import BaggedRegressor, plain, regressor
from steps.core.scaling import fit_scaler, scale
from steps.core.search import Scaled
from steps.core.segments import GLOBAL, SegmentedRegressor
from tests.houses import boston
from tests.steps.core.test_onnx_model import in_onnx
from tests.training import prepared

PARAMETERS = {"n_estimators": 25, "max_depth": 4, "subsample": 0.7, "colsample_bynode": 0.4, "max_bin": 64}
RAD = 8
# Of 404 houses with RAD below 3, 3, 4, 5, 6 to 8, and 24: 38, 30, 82, 95, 58 and 101.
ZONES = "3, 4, 5, 6, 16"


def rows() -> tuple[Scaled, Matrix]:
    """Training rows, some of them without RAD and some without another value."""
    train, _, scaler = prepared()
    X = scale(train, scaler)
    X[np.random.default_rng(0).random(X.shape) < 0.02] = np.nan
    return X, prices(train)


def segmented(cuts: str = "16", **changes: Any) -> SegmentedRegressor:
    """One that is not fitted."""
    segments = {"segment_column": "RAD", "segment_cuts": cuts, "segment_pooling": 0.0, "segment_minimum": 50}
    model = estimator(PARAMETERS | segments | changes, 42, prepared()[2])
    assert isinstance(model, SegmentedRegressor)
    return model


def by_parts(model: SegmentedRegressor, X: Scaled) -> NDArray[np.float32]:
    """What the booster of each row's own part says of it."""
    predicted = np.empty(len(X), dtype=np.float32)
    for number in np.unique(model.segments(X)):
        mine = model.segments(X) == number
        part = model.parts_.get(int(number), model.parts_[GLOBAL])
        predicted[mine] = part.get_booster().inplace_predict(X[mine])
    return predicted


CASES = pytest.mark.parametrize(
    ("cuts", "changes", "fitted"),
    [
        ("16", {}, [GLOBAL, 0, 1]),
        ("16", {"bagging_seeds": 3}, [GLOBAL, 0, 1]),
        (ZONES, {"segment_pooling": 0.2}, [GLOBAL, 2, 3, 4, 5]),
        (ZONES, {"segment_minimum": 75}, [GLOBAL, 2, 3, 5]),
        (ZONES, {"segment_minimum": 1, "segment_pooling": 0.5}, [GLOBAL, 0, 1, 2, 3, 4, 5]),
        ("16", {"segment_minimum": 1000}, [GLOBAL]),
        ("0.5, 16, 30", {}, [GLOBAL, 1, 2]),
    ],
)


@CASES
def test_the_booster_gives_each_row_the_very_price_of_its_segments_model(
    cuts: str, changes: dict[str, Any], fitted: list[int]
) -> None:
    X, y = rows()
    model = segmented(cuts, **changes).fit(X, y)
    assert sorted(model.parts_) == fitted
    expected = by_parts(model, X)
    booster = model.get_booster()
    assert booster.num_boosted_rounds() == 25 * changes.get("bagging_seeds", 1)
    assert booster.inplace_predict(X).tolist() == expected.tolist()
    assert booster.predict(xgboost.DMatrix(X)).tolist() == expected.tolist()
    assert in_onnx(as_onnx(bytes(booster.save_raw("ubj"))), X).tolist() == expected.tolist()
    np.testing.assert_allclose(model.predict(X), expected, rtol=5e-6)


@CASES
def test_shap_values_add_up_to_the_price_and_start_at_the_mean_of_the_segments(
    cuts: str, changes: dict[str, Any], fitted: list[int]
) -> None:
    X, y = rows()
    model = segmented(cuts, **changes).fit(X, y)
    booster = model.get_booster()
    values = contributions(booster, X)
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values.sum(axis=1), booster.inplace_predict(X), atol=2e-4)
    starts = {number: contributions(model.parts_[number].get_booster(), X)[0, -1] for number in fitted}
    owners, _, counts = model.ranges()
    start = np.average([starts[owner] for owner in owners], weights=counts)
    assert values[0, -1] == pytest.approx(start, rel=1e-5)


def contributions(booster: xgboost.Booster, X: Scaled) -> NDArray[np.float32]:
    values: NDArray[np.float32] = booster.predict(xgboost.DMatrix(X), pred_contribs=True)
    return values


def test_a_house_in_a_small_segment_or_without_a_value_has_exactly_the_price_of_the_model_of_all() -> None:
    X, y = rows()
    model = segmented(ZONES, bagging_seeds=2, segment_minimum=75).fit(X, y)
    everywhere = regressor(PARAMETERS | {"bagging_seeds": 2}, 42).fit(X, y)
    small = np.isin(model.segments(X), [GLOBAL, 0, 1, 4])
    assert 0 < np.isnan(X[:, RAD]).sum() < small.sum() < len(X)
    assert model.predict(X[small]).tolist() == everywhere.predict(X[small]).tolist()
    joined, whole = model.get_booster(), everywhere.get_booster()
    assert joined.inplace_predict(X[small]).tolist() == whole.inplace_predict(X[small]).tolist()
    assert (joined.inplace_predict(X[~small]) != whole.inplace_predict(X[~small])).all()


def test_without_pooling_a_segments_model_knows_its_own_rows_only() -> None:
    X, y = rows()
    model = segmented().fit(X, y)
    city = model.segments(X) == 1
    start = float(model.parts_[GLOBAL].models_[0].intercept_[0])
    alone = regressor(PARAMETERS | {"base_score": start}, 42).fit(X[city], y[city])
    assert model.predict(X[city]).tolist() == alone.predict(X[city]).tolist()


def test_pooling_leads_from_the_segments_own_model_to_that_of_all() -> None:
    X, y = rows()
    everywhere = regressor(PARAMETERS, 42).fit(X, y).predict(X)
    distances = [
        float(np.abs(segmented(segment_pooling=weight).fit(X, y).predict(X) - everywhere).mean())
        for weight in (0.0, 0.05, 0.9, 1.0)
    ]
    assert distances == sorted(distances, reverse=True)
    finite = ~np.isnan(X[:, RAD])
    assert segmented(segment_pooling=1.0).fit(X, y).predict(X[finite]).tolist() == everywhere[finite].tolist()


@pytest.mark.parametrize("segment", [0, 1])
def test_given_weights_count_beside_those_of_pooling(segment: int) -> None:
    X, y = rows()
    model = segmented(segment_pooling=0.5).fit(X, y, sample_weight=np.full(len(y), 2.0))
    start = float(model.parts_[GLOBAL].models_[0].intercept_[0])
    weights = np.where(model.segments(X) == segment, 2.0, 1.0)
    alone = regressor(PARAMETERS | {"base_score": start}, 42).fit(X, y, sample_weight=weights)
    assert model.parts_[segment].predict(X).tolist() == alone.predict(X).tolist()


@pytest.mark.parametrize("column", ["CRIM", "NOX", "RM", "DIS", "RAD", "TAX", "LSTAT"])
def test_every_house_is_on_the_side_of_every_cut_that_its_raw_value_says(column: str) -> None:
    houses = boston()
    scaler = fit_scaler(houses)
    at = feature_names(houses).index(column)
    raw, X = matrix(houses, [column])[:, 0], scale(houses, scaler)[:, at]
    beside = 3e-6 * scaler.scale[at]  # single precision tells so much apart
    cuts = sorted({*raw, *(raw + beside), *(raw - beside)})
    for cut, bound in zip(cuts, scaled(cuts, scaler, at), strict=True):
        assert ((raw < cut) == (np.float32(bound) > X)).all()


def test_a_row_at_the_cut_belongs_above_it() -> None:
    model = SegmentedRegressor(segment_column=1, segment_cuts=(2.0, 5.0))
    values = np.array([[9, np.nextafter(np.float32(2), np.float32(0))], [9, 2], [9, 4.9], [9, 5], [9, np.nan]])
    assert model.segments(values).tolist() == [0, 1, 1, 2, GLOBAL]


def test_the_model_that_is_kept_is_xgboosts_own_class() -> None:
    X, y = rows()
    model = segmented(bagging_seeds=2).fit(X, y)
    kept = plain(model)
    assert type(kept) is xgboost.XGBRegressor
    assert not {"bagging_seeds", "segment_column"} & set(kept.get_params())
    assert kept.predict(X).tolist() == model.get_booster().inplace_predict(X).tolist()


def test_it_keeps_scikit_learns_contract() -> None:
    X, y = rows()
    model = segmented(bagging_seeds=2, segment_pooling=0.1)
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert again.get_params()["segment_pooling"] == 0.1
    assert again.set_params(max_depth=2, segment_minimum=70).get_params()["segment_minimum"] == 70
    with pytest.raises(NotFittedError):
        check_is_fitted(again)
    assert again.fit(X, y) is again
    check_is_fitted(again)
    assert model.fit(X, y).predict(X).tolist() == clone(model).fit(X, y).predict(X).tolist()


def test_without_segments_the_estimator_is_as_before() -> None:
    scaler = prepared()[2]
    assert not isinstance(estimator({"max_depth": 3}, 1, scaler), BaggedRegressor)
    assert type(estimator({"bagging_seeds": 2}, 1, scaler)) is BaggedRegressor


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"base_score": 2.0}, r"one base score; got 1\.0, 2\.0"), ({"n_estimators": 3}, "one number of trees; got 25, 3")],
)
def test_boosters_that_no_row_could_choose_between_are_refused(changes: dict[str, Any], says: str) -> None:
    X, y = rows()
    settings = PARAMETERS | {"base_score": 1.0}
    parts = [Part(regressor(settings | other, 42).fit(X, y).get_booster(), 10) for other in ({}, changes)]
    with pytest.raises(PlatformError, match=says):
        gated(parts, [0.0], 0, RAD)
