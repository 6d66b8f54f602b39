"""What a request may say, by example and by property."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.contract import FeatureSpec
from serving.errors import InvalidRequestError, ServingError, TooLargeError
from serving.protocol.faults import error_body
from serving.protocol.requests import Query, RequestContract, read_query


def spec(name: str, low: float, high: float, kind: Any = "continuous", missing: float = 0.0) -> FeatureSpec:
    return FeatureSpec(name, name, "1", kind, low, high, missing, False)


CONTRACT = RequestContract(
    features={
        "RM": spec("RM", 3, 9),
        "LSTAT": spec("LSTAT", 0, 40, missing=0.06),
        "CHAS": spec("CHAS", 0, 1, "binary"),
        "RAD": spec("RAD", 1, 24, "integer"),
    },
    used=("LSTAT", "RM"),
    max_rows=5,
)


def message(names: Any, *rows: Any, **meta: Any) -> dict[str, Any]:
    return {"data": {"names": names, "ndarray": list(rows)}, **({"meta": meta} if meta else {})}


def facts(query: Query) -> tuple[Any, ...]:
    return query.form, query.names, query.values.tolist(), query.house_ids


def refused(body: Any) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        read_query(body, CONTRACT)
    return caught.value


def test_columns_are_read_in_the_order_of_their_names() -> None:
    query = read_query(message(["RM", "LSTAT"], [6, 12.5]), CONTRACT)
    assert facts(query) == ("ndarray", ("RM", "LSTAT"), [[6.0, 12.5]], None)


def test_a_feature_that_the_model_does_not_use_may_come_and_is_checked() -> None:
    assert read_query(message(["RM", "LSTAT", "RAD"], [6, 12, 24]), CONTRACT).names == ("RM", "LSTAT", "RAD")
    (detail,) = refused(message(["RM", "LSTAT", "RAD"], [6, 12, 25])).details
    assert detail == {
        "row": 0,
        "feature": "RAD",
        "value": 25,
        "allowed": "whole numbers 1 to 24",
        "remedy": "out of range: send whole numbers 1 to 24",
    }


def test_null_is_missing_where_the_contract_allows_it_and_a_fault_elsewhere() -> None:
    assert math.isnan(read_query(message(["RM", "LSTAT"], [6, None]), CONTRACT).values[0][1])
    assert refused(message(["RM", "LSTAT"], [None, 3])).details[0]["feature"] == "RM"


def test_house_ids_are_taken_out_of_the_rows_and_keep_order_and_repetition() -> None:
    query = read_query(message(["RM", "house_id"], [6, 4], [7.5, 4], [5, 2.0]), CONTRACT)
    assert (query.house_ids, query.names, query.values.tolist()) == ([4, 4, 2], ("RM",), [[6.0], [7.5], [5.0]])


def test_with_house_ids_no_feature_is_needed() -> None:
    assert read_query(message(["house_id"], [2**63 - 1]), CONTRACT).house_ids == [2**63 - 1]


@pytest.mark.parametrize("value", [True, None, "1", 1.5, 2**63, -(2**63) - 1, 2.0**60, [1], {}])
def test_what_is_no_house_id_is_refused(value: Any) -> None:
    assert refused(message(["house_id"], [value])).details[0]["feature"] == "house_id"


@pytest.mark.parametrize("value", [True, False, "6", "", [6], {"a": 6}, 10**400, -1, 9.01])
def test_what_is_no_allowed_number_is_refused(value: Any) -> None:
    detail = refused(message(["RM", "LSTAT"], [value, 1])).details[0]
    assert (detail["row"], detail["feature"], detail["allowed"]) == (0, "RM", "3 to 9")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_cannot_say_are_refused_even_for_nullable_features(value: float) -> None:
    assert refused(message(["RM", "LSTAT"], [6, value])).details[0]["value"] == str(value)


@pytest.mark.parametrize(("name", "value"), [("CHAS", 0.5), ("RAD", 3.5)])
def test_kinds_are_held(name: str, value: float) -> None:
    assert refused(message(["RM", "LSTAT", name], [6, 1, value])).details[0]["feature"] == name


def test_all_faults_of_all_rows_are_reported_at_once() -> None:
    details = refused(message(["RM", "LSTAT", "X", "RM"], [1, 50, 0, 5], [6], 7)).details
    assert [(d.get("row"), d.get("feature")) for d in details] == [
        (None, "X"),
        (None, "RM"),
        (0, "RM"),
        (0, "LSTAT"),
        (1, None),
        (2, None),
    ]


def test_missing_features_are_named() -> None:
    assert [d["feature"] for d in refused(message(["CHAS"], [1])).details] == ["LSTAT", "RM"]


def test_only_the_first_hundred_faults_are_listed_and_the_rest_counted() -> None:
    names = ["RM", "LSTAT", *("X" * n for n in range(1, 151))]
    error = refused(message(names, [1] * 152))
    assert len(error.details) == 100
    assert "151 faults" in error.info
    assert "51 more are not" in error.info


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        3,
        "x",
        {},
        {"data": []},
        {"data": {}},
        {"data": {"names": []}},
        {"data": {"ndarray": [[1]]}},
        {"data": {"names": ["RM", 1], "ndarray": [[1, 2]]}},
        {"data": {"names": "RM", "ndarray": [[1]]}},
        {"data": {"names": ["RM"]}},
        {"data": {"names": ["RM"], "ndarray": []}},
        {"data": {"names": ["RM"], "ndarray": {"a": 1}}},
        {"data": {"names": ["RM"], "ndarray": [[1]], "tensor": {"shape": [1, 1], "values": [1]}}},
        {"data": {"names": ["RM"], "tensor": [1]}},
        {"data": {"names": ["RM"], "tensor": {"shape": [1], "values": [1]}}},
        {"data": {"names": ["RM"], "tensor": {"shape": [1, True], "values": [1]}}},
        {"data": {"names": ["RM"], "tensor": {"shape": [0, 0], "values": []}}},
        {"data": {"names": ["RM"], "tensor": {"shape": [-1, -1], "values": [1]}}},
        {"data": {"names": ["RM"], "tensor": {"shape": [2, 1], "values": [1]}}},
        {"data": {"names": ["house_id"], "ndarray": [[1]]}, "meta": []},
        {"data": {"names": ["house_id"], "ndarray": [[1]]}, "meta": {"tags": 1}},
        {"strData": "x"},
    ],
)
def test_what_has_not_the_form_of_a_request_is_refused_with_what_was_wanted(body: Any) -> None:
    assert refused(body).info.startswith(("Wanted ", "1 fault"))


def test_too_many_rows_are_refused_before_they_are_read() -> None:
    with pytest.raises(TooLargeError, match="6 rows; the service takes 5"):
        read_query(message(["RM"], *["not even a row"] * 6), CONTRACT)


def test_a_tensor_is_cut_into_rows() -> None:
    body = {"data": {"names": ["RM", "LSTAT"], "tensor": {"shape": [2, 2], "values": [6, 1, 7, None]}}}
    query = read_query(body, CONTRACT)
    assert query.form == "tensor"
    assert query.values[0].tolist() == [6.0, 1.0]
    assert math.isnan(query.values[1][1])


def test_a_probe_is_recognised_by_its_tag_alone() -> None:
    assert read_query(message(["house_id"], [1], tags={"probe": True}), CONTRACT).probe
    assert not read_query(message(["house_id"], [1], tags={"probe": False, "other": 1}), CONTRACT).probe


@pytest.mark.parametrize("tag", ["probe", "explain", "features"])
@pytest.mark.parametrize("value", [1, 0, None, "true", []])
def test_a_tag_that_switches_something_must_be_true_or_false(tag: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=f'"{tag}" to be true or false'):
        read_query(message(["house_id"], [1], tags={tag: value}), CONTRACT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.lists(st.sampled_from(["RM", "LSTAT", "CHAS", "RAD", "house_id", "X"]), max_size=5)
ALMOST = st.fixed_dictionaries(
    {"data": st.fixed_dictionaries({"names": NAMES | JSON, "ndarray": st.lists(st.lists(JSON, max_size=5) | JSON)})}
)


@given(JSON | ALMOST)
def test_any_message_is_read_or_refused_with_an_answer_that_json_can_say(body: Any) -> None:
    try:
        query = read_query(body, CONTRACT)
    except ServingError as err:
        check_answer(err)
    else:
        assert len(query.values) == len(body["data"]["ndarray"])


def check_answer(error: ServingError) -> None:
    assert error.status in (413, 422)
    reply = msgspec.json.decode(msgspec.json.encode(error_body(error)))["status"]
    assert set(reply) == {"code", "reason", "info", "status", "details"}
    assert reply["status"] == "FAILURE"
    assert all(set(one) <= {"row", "feature", "value", "allowed", "remedy"} for one in reply["details"])


IN_RANGE = st.tuples(
    st.floats(3, 9), st.none() | st.floats(0, 40), st.sampled_from([0, 1, 0.0, 1.0]), st.integers(1, 24)
)


@given(st.lists(IN_RANGE, min_size=1, max_size=5), st.permutations(["RM", "LSTAT", "CHAS", "RAD"]))
def test_every_row_within_the_contract_is_accepted_unchanged(rows: list[Any], names: list[str]) -> None:
    order = [["RM", "LSTAT", "CHAS", "RAD"].index(name) for name in names]
    sent = [[row[at] for at in order] for row in rows]
    read = read_query(message(names, *sent), CONTRACT).values.tolist()
    assert [[None if math.isnan(value) else value for value in row] for row in read] == sent


@given(st.integers(0, 3), st.floats(allow_nan=False).filter(lambda x: not 3 <= x <= 9))
def test_one_value_out_of_range_is_found_wherever_it_stands(at: int, value: float) -> None:
    rows = [[6.0, 1.0] for _ in range(4)]
    rows[at][0] = value
    (detail,) = refused(message(["RM", "LSTAT"], *rows)).details
    assert (detail["row"], detail["feature"]) == (at, "RM")
