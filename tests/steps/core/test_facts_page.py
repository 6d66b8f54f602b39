"""A record as a page."""

import pytest
from pydantic import BaseModel

from steps.core.facts_page import LONGEST_LIST, attributes, facts_page, in_words
from steps.core.page import Reading

READING = Reading("a", "b", "c")


class Part(BaseModel):
    """A part."""

    rows: int


class Record(BaseModel):
    """A record.

    Attributes:
        houses, prices: how many
            were seen.
        part: of it.
    """

    houses: int
    prices: int
    share: float
    part: Part
    parts: tuple[Part, ...]


RECORD = Record(houses=1506, prices=0, share=0.123456, part=Part(rows=7), parts=(Part(rows=8), Part(rows=9)))


def test_a_field_is_explained_by_the_docstring_of_its_record() -> None:
    assert attributes(Record) == {"houses": "how many were seen.", "prices": "how many were seen.", "part": "of it."}
    text = facts_page("Record", RECORD, READING)
    assert "<td>houses</td><td>1,506</td><td>how many were seen.</td>" in text
    assert "<td>share</td><td>0.1235</td><td></td>" in text


def test_records_in_a_record_are_tables_of_their_own() -> None:
    text = facts_page("Record", RECORD, READING)
    assert "<h2>part</h2>" in text
    assert "<tr><td>8</td></tr><tr><td>9</td></tr>" in text


def test_a_record_without_docstring_is_shown_all_the_same() -> None:
    assert "<td>rows</td><td>7</td>" in facts_page("Part", Part(rows=7), READING)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        ("", "none"),
        (True, "yes"),
        (25360.4, "25,360"),
        (-0.000012345, "-1.234e-05"),
        ([], "none"),
        ({"RM": 1.0, "CHAS": False}, "RM: 1; CHAS: no"),
        (list(range(LONGEST_LIST + 2)), ", ".join(map(str, range(LONGEST_LIST))) + " and 2 more"),
    ],
)
def test_values_are_told_as_people_read_them(value: object, words: str) -> None:
    assert in_words(value) == words


def test_values_are_text_and_no_markup() -> None:
    class Named(BaseModel):
        name: str

    assert "<b>" not in facts_page("Named", Named(name="<b>"), READING)
