"""Faultless requests read in one pass: never otherwise than the judge, `serving.protocol.requests`, reads them."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.protocol.quick_requests import QuickReader
from serving.protocol.requests import Query, RequestContract, read_query
from tests.serving.protocol.test_requests import CONTRACT, IN_RANGE, message, spec

MANY = RequestContract(CONTRACT.features, CONTRACT.used, 100)  # enough for the way of many rows
READER = QuickReader(MANY)
NAMES = ["RM", "LSTAT", "CHAS", "RAD"]
# Numbers at and beside the limits, and what is no number.
ODD = [None, True, "6", [], {}, -1, 0, 0.5, 1, 2.5, 3, 9, 9.000001, 24, 25, 40, 10**400, 1e308, -0.0]


# Many rows of the right width, of which hardly any are faulty.
WIDE = st.lists(st.tuples(st.just(6), st.just(3), st.sampled_from([0, 1, 0.5]), st.sampled_from([4, None])), min_size=9)


def judged(body: Any) -> Query | None:
    try:
        return read_query(body, MANY)
    except ServingError:
        return None


def assert_same(quick: Query, judge: Query | None) -> None:
    assert judge is not None
    assert (quick.form, quick.names, quick.house_ids) == (judge.form, judge.names, judge.house_ids)
    assert (quick.probe, quick.explain, quick.features) == (judge.probe, judge.explain, judge.features)
    np.testing.assert_array_equal(quick.values, judge.values)


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


@given(
    st.lists(st.lists(st.sampled_from(ODD), min_size=0, max_size=5), max_size=6) | WIDE,
    st.lists(st.sampled_from([*NAMES, "house_id", "X"]), max_size=5) | st.just(NAMES),
    st.sampled_from([{}, {"meta": {}}, {"meta": None}, {"meta": {"tags": {"probe": True}}}, {"meta": {"tags": 3}}]),
)
def test_what_it_takes_is_what_the_judge_reads(rows: list[Any], names: list[str], meta: dict[str, Any]) -> None:
    body = {"data": {"names": names, "ndarray": rows}, **meta}
    quick = READER.read(encoded(body))
    if quick is not None:
        assert_same(quick, judged(body))


@given(st.lists(IN_RANGE, min_size=1, max_size=20), st.permutations(NAMES), st.booleans())
def test_it_takes_every_faultless_request_for_features(rows: list[Any], names: list[str], explain: bool) -> None:
    order = [NAMES.index(name) for name in names]
    body = message(
        names, *[[row[at] for at in order] for row in rows], tags={"explain": explain, "features": not explain}
    )
    quick = READER.read(encoded(body))
    assert quick is not None
    assert (quick.explain, quick.features) == (explain, not explain)
    assert_same(quick, judged(body))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_it_takes_every_request_for_houses(ids: list[int]) -> None:
    body = message(["house_id"], *[[house] for house in ids], tags={"probe": True})
    quick = READER.read(encoded(body))
    assert quick is not None
    assert quick.probe
    assert_same(quick, judged(body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 5000,
        encoded(message(["house_id", "RM"], [1, 6])),
        encoded(message(["house_id"], [2**63])),
        encoded(message(["house_id"], [True])),
        encoded(message(["RM", "LSTAT"], *[[6, 1]] * 101)),
        encoded({"data": {"names": ["RM", "LSTAT"], "ndarray": [[6, 1]], "tensor": {"shape": [1, 1], "values": [1]}}}),
        encoded({"data": {"names": ["RM", "LSTAT"], "ndarray": []}}),
        b'{"data": {"names": ["RM", "LSTAT"], "ndarray": [[6, NaN]]}}',
    ],
)
def test_the_rest_is_left_to_the_judge(body: bytes) -> None:
    assert READER.read(body) is None


def test_two_values_that_are_no_neighbours_are_left_to_the_judge() -> None:
    odd = RequestContract({"SIDE": spec("SIDE", 0, 4, "binary")}, ("SIDE",), 5)
    assert QuickReader(odd).read(encoded(message(["SIDE"], [4]))) is None
