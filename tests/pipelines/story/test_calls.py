"""What the story's caller takes for a right answer."""

import msgspec
import pytest

from pipelines.story.calls import by_features, by_id, read_answer, told

NAMES = ["MEDV", "MEDV_low", "MEDV_high"]


def reply(rows: list[list[float | int | None]], names: list[str] = NAMES, **tags: object) -> bytes:
    return msgspec.json.encode({"data": {"names": names, "ndarray": rows}, "meta": {"tags": tags}})


def test_the_versions_of_an_answer_are_those_that_priced_its_rows() -> None:
    one = read_answer(reply([[20.0, 18.0, 22.0]] * 2, version="1", receipt="r"), 2)
    assert (one.versions, one.receipt) == (["1", "1"], "r")
    mixed = read_answer(reply([[20.0, 18.0, 22.0]] * 2, versions=["1", "2"]), 2)
    assert (mixed.versions, mixed.receipt) == (["1", "2"], None)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (reply([[20.0, 18.0, 22.0]], version="1"), "wanted 2 rows"),
        (reply([[20.0, 18.0, 22.0]] * 2, names=["MEDV"], version="1"), "wanted 2 rows"),
        (reply([[20.0, 18.0, None]] * 2, version="1"), "not three finite numbers"),
        (reply([[20.0, 21.0, 22.0]] * 2, version="1"), "not between 21.0 and 22.0"),
        (reply([[20.0, 18.0, 22.0]] * 2, versions=["1"]), "a version for each of 2 rows"),
        (b'{"data": {"names": ["MEDV"', "truncated"),
        (b'{"data": {"ndarray": [[1e999, 1, 1]]}}', "out of range"),
    ],
)
def test_what_is_no_right_answer_is_said(body: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_answer(body, 2)


def test_requests_are_in_seldons_form() -> None:
    assert msgspec.json.decode(by_id([3, 5])) == {"data": {"names": ["house_id"], "ndarray": [[3], [5]]}}
    assert msgspec.json.decode(by_features(["RM"], [[None]])) == {"data": {"names": ["RM"], "ndarray": [[None]]}}
    truth = {"data": {"names": ["MEDV"], "ndarray": [[21.5]]}}
    assert msgspec.json.decode(told("r", 21.5)) == {"request": {"meta": {"tags": {"receipt": "r"}}}, "truth": truth}
