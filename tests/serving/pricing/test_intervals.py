"""The interval around a price."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.bundle import read_bundle
from serving.errors import BundleError
from serving.pricing.intervals import INTERVALS, Intervals, IntervalTable
from tests.serving_platform import USED, ServingPlatform, offline_prices

TABLE = IntervalTable(
    method="by hand",
    coverage=0.9,
    minimum=1.0,
    maximum=50.0,
    prices=(10.0, 20.0, 40.0),
    half_widths=(2.0, 4.0, 8.0),
    residuals=100,
    houses=20,
)


def changed(**fields: object) -> bytes:
    return msgspec.json.encode(msgspec.structs.asdict(TABLE) | fields)


def test_half_widths_lie_on_straight_lines_between_the_tables_prices_and_stay_beyond_its_ends() -> None:
    low, high = Intervals(changed()).around(np.array([5, 10, 15, 20, 30, 41], dtype=np.float32))
    assert low.tolist() == [3, 8, 12, 16, 24, 33]
    assert high.tolist() == [7, 12, 18, 24, 36, 49]


def test_the_ends_are_cut_at_the_contracts_range_but_never_leave_the_price_outside() -> None:
    low, high = Intervals(changed()).around(np.array([0.5, 2, 48, 51], dtype=np.float32))
    assert low.tolist() == [0.5, 1, 40, 43]
    assert high.tolist() == [2.5, 4, 50, 51]


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=20))
def test_every_finite_price_lies_in_a_finite_interval(prices: list[float]) -> None:
    middle = np.array(prices, dtype=np.float32)
    low, high = Intervals(changed()).around(middle)
    assert low.shape == high.shape == middle.shape
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert ((low <= middle) & (middle <= high)).all()


def test_the_interval_of_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    intervals = Intervals(changed())
    prices = np.linspace(0, 55, 101, dtype=np.float32)
    low, high = intervals.around(prices)
    together = list(zip(prices.tolist(), low.tolist(), high.tolist(), strict=True))
    alone = [intervals.around(prices[at : at + 1]) for at in range(len(prices))]
    assert [(float(low[0]), float(high[0])) for low, high in alone] == [row[1:] for row in together]
    assert [intervals.rows(prices[at : at + 1])[0] for at in range(len(prices))] == together
    assert intervals.rows(prices) == together


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=8))
def test_few_rows_and_many_rows_get_the_same_bits(prices: list[float]) -> None:
    intervals = Intervals(changed(prices=[3.1, 17.3, 40.7], half_widths=[0.7, 4.9, 3.3]))
    few = np.array(prices, dtype=np.float32)
    assert intervals.rows(np.tile(few, 9))[: len(few)] == intervals.rows(few)


def test_a_table_of_one_price_has_one_width() -> None:
    intervals = Intervals(changed(prices=[10.0], half_widths=[2.0]))
    assert intervals.rows(np.array([4, 30], dtype=np.float32)) == [(4, 2, 6), (30, 28, 32)]


def test_a_bundles_intervals_hold_at_least_what_they_promise_of_the_houses_that_trained_its_model(
    serving_platform: ServingPlatform,
) -> None:
    _, files = read_bundle(serving_platform.bundles["1"])
    intervals = Intervals(files[INTERVALS])
    prices = np.array(offline_prices(serving_platform.bundles["1"], serving_platform.frame), dtype=np.float32)
    low, high = intervals.around(prices)
    truth = serving_platform.frame["MEDV"].to_numpy()
    assert set(USED) < set(serving_platform.frame.columns)
    assert ((low <= truth) & (truth <= high)).mean() >= intervals.coverage


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (changed(widths=[1]), "unknown field `widths`"),
        (changed(prices=["a"]), "Expected `float`"),
        (b'{"coverage": NaN}', "malformed"),
        (changed(coverage=1.0), "its coverage is 1"),
        (changed(minimum=50.0), "its range is 50 to 50"),
        (changed(prices=[10.0, 20.0]), "3 half-widths for 2 prices"),
        (changed(prices=[], half_widths=[]), "0 half-widths for 0 prices"),
        (changed(prices=[10.0, 10.0, 40.0]), "prices do not ascend"),
        (changed(half_widths=[1.0, -2.0, 3.0]), "half-width -2 is below 0"),
    ],
)
def test_what_is_no_table_of_intervals_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(BundleError, match=fault):
        Intervals(data)
