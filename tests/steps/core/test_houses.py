"""What the text of a CSV file becomes."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.core.errors import DataError
from steps.core.houses import decode, parse
from steps.core.rejection import RejectedRowsError

COLUMNS = ["RM", "MEDV"]


def read(text: str) -> list[list[float]]:
    return parse(decode(text.encode(), "file"), COLUMNS, "file").to_numpy().tolist()


def test_columns_come_in_the_order_of_the_contract_with_a_number_for_each_house() -> None:
    houses = parse("MEDV,RM\r\n24,6.5\r\n21.6,7\r\n", COLUMNS, "file")
    assert list(houses.columns) == ["house_id", "RM", "MEDV"]
    assert houses.to_numpy().tolist() == [[0, 6.5, 24], [1, 7, 21.6]]
    assert [str(kind) for kind in houses.dtypes] == ["int64", "float64", "float64"]


def test_a_house_id_of_the_file_is_kept() -> None:
    assert read("house_id,RM,MEDV\n17,6,20\n3,7,30\n") == [[17, 6, 20], [3, 7, 30]]


@pytest.mark.parametrize("cell", ["", " ", "NA", "nan", "null", "N/A"])
def test_the_usual_signs_of_a_missing_value_are_missing_values(cell: str) -> None:
    assert math.isnan(read(f"RM,MEDV\n{cell},20\n")[0][1])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_to_its_last_bit(value: float) -> None:
    assert read(f"RM,MEDV\n{value!r},1\n")[0][1] == value


@pytest.mark.parametrize(
    "cell", ["six", "inf", "-Infinity", "1e999", "1_000", "0x10", "6,5", "6;5", "True", "--1", "٣"]
)
def test_a_cell_that_is_no_finite_number_is_named_with_its_line_and_column(cell: str) -> None:
    with pytest.raises(RejectedRowsError) as raised:
        read(f'RM,MEDV\n6,20\n"{cell}",21\n')
    (fault,) = raised.value.faults
    assert (fault.row, fault.column) == (1, "RM")
    assert cell in str(raised.value)
    assert "line 3" in str(raised.value)


@pytest.mark.parametrize("cell", ["", "-1", "1.5", "1e300"])
def test_a_house_id_must_be_a_whole_number_from_0(cell: str) -> None:
    with pytest.raises(RejectedRowsError, match="house_id"):
        read(f"house_id,RM,MEDV\n{cell},6,20\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RM\n6\n", "missing: 'MEDV'"),
        ("RM,MEDV,COLOUR\n6,20,1\n", "not in the contract: 'COLOUR'"),
        ("RM,RM,MEDV\n6,6,20\n", "there twice: 'RM'"),
        ("RM;MEDV\n6;20\n", "comma-separated"),
        ("6,20\n7,30\n", "missing: 'RM', 'MEDV'"),
        ("RM,MEDV\n", "no rows"),
        ("RM,MEDV\n6,20\n7\n", "line 3: 1 cells under a header of 2"),
        ("RM,MEDV\n6,20,9\n", "line 2: 3 cells"),
        ('RM,MEDV\n"6,20\n', "line 2"),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused_with_what_was_wanted(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as raised:
        read(text)
    assert "file" in str(raised.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (b"\x1c", "is empty"),
        (b"PK\x03\x04\x14\x00\x00\x00", "NUL"),
        (b"\x89PNG\r\n\x1a\n\x00", "not UTF-8"),
        ("RM,MEDV\n6,20\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        decode(data, "file")


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert decode("RM,MEDV".encode("utf-8-sig"), "file") == "RM,MEDV"


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_end_in_houses_or_in_an_error_for_a_person(data: bytes) -> None:
    with contextlib.suppress(DataError):  # anything else is a failure
        houses = parse(decode(data, "file"), COLUMNS, "file")
        assert list(houses.columns) == ["house_id", *COLUMNS]
