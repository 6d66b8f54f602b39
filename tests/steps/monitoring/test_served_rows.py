"""The sample of rows that the root cause is found from."""

from pathlib import Path

import pytest

from serving.records.hourly import ENDING
from serving.records.receipts import Header, Served
from serving.records.spool import Spool
from steps.monitoring import served_rows as module
from steps.monitoring.served_rows import served_rows

HEADER = Header("7", ("RM", "LSTAT"), ("MEDV",))


def served(spool: Path, *rooms: float | None, client: str = "acme", probe: bool = False, version: str = "7") -> str:
    """The hour of a spool file with one request."""
    writer = Spool(spool, Header(version, HEADER.columns, HEADER.outputs))
    receipt = writer.append(Served([[room, 5.0] for room in rooms], [[20.0]] * len(rooms), client=client, probe=probe))
    writer.close()
    return receipt.split(".")[1]


def test_the_rows_of_the_hours_come_with_who_asked_and_without_tests(tmp_path: Path) -> None:
    hour = served(tmp_path, 6.0, None)
    served(tmp_path, 7.0, client="town/other")
    served(tmp_path, 8.0, probe=True)
    served(tmp_path, 9.0, version="8")
    found = served_rows(tmp_path, "7", [hour], 100, 0).sort_values("RM", ignore_index=True)
    assert found["RM"].tolist()[:2] == [6.0, 7.0]
    assert found["RM"].isna().tolist() == [False, False, True]
    assert found["client"].tolist() == ["acme", "town/other", "acme"]
    assert found["tenant"].tolist() == ["", "town", ""]
    assert served_rows(tmp_path, "7", ["1970-01-01T00"], 100, 0).empty


def test_no_more_rows_than_wanted_are_taken_always_the_same_ones(tmp_path: Path) -> None:
    hour = served(tmp_path, *[float(room) for room in range(50)])
    one, other = (served_rows(tmp_path, "7", [hour], 10, 3) for _ in range(2))
    assert len(one) == 10
    assert one["RM"].tolist() == other["RM"].tolist()


def test_lines_that_are_torn_spoil_no_others(tmp_path: Path) -> None:
    hour = served(tmp_path, 6.0)
    (path,) = tmp_path.glob(f"*{ENDING}")
    with path.open("ab") as file:
        file.write(b'{"rows":[[1.0')
    (tmp_path / f"v7.{hour}.1-1{ENDING}").write_bytes(b'{"ver')
    assert served_rows(tmp_path, "7", [hour], 10, 0)["RM"].tolist() == [6.0]


def test_of_large_files_pieces_from_all_over_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Spool(tmp_path, HEADER)
    for room in range(400):
        receipt = writer.append(Served([[float(room), 5.0]], [[20.0]], client="acme"))
    writer.close()
    monkeypatch.setattr(module, "PIECE", 500)
    monkeypatch.setattr(module, "MOST_BYTES", 8000)
    found = sorted(served_rows(tmp_path, "7", [receipt.split(".")[1]], 1000, 0)["RM"])
    assert 60 < len(found) < 200
    assert len(found) == len(set(found))
    assert found[0] < 40 < 360 < found[-1]
