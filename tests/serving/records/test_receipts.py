"""Receipts: what was written comes back, and what was changed is told."""

import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import AlteredReceiptError, BundleError, MalformedReceiptError, UnknownReceiptError
from serving.records import spool as spool_module
from serving.records.hourly import ENDING, grown, sync_grown
from serving.records.receipts import Header, Served, parse_receipt, read_receipt
from serving.records.spool import Spool

HEADER = Header("7", ("RM", "CRIM"), ("MEDV", "MEDV_low", "MEDV_high"), "house-price", "house_price_v7", {"m": "00"})
SERVED = Served([[6.5, None]], [[24.5, 20.0, 30.0]], house_ids=[17], event_times=[1.5], client="bank")

values = st.floats(allow_nan=False, allow_infinity=False)
rows = st.lists(st.lists(st.none() | values, min_size=2, max_size=2), min_size=1, max_size=5)


def only(folder: Path) -> Path:
    (path,) = folder.glob(f"*{ENDING}")
    return path


def write(folder: Path, served: Served = SERVED) -> str:
    spool = Spool(folder, HEADER)
    spool.append(Served([[1.0, 2.0]], [[3.0, 2.0, 4.0]]))
    receipt = spool.append(served)
    spool.close()
    return receipt


@given(rows=rows, prices=st.lists(values, min_size=3, max_size=3), house=st.integers(-(2**63), 2**63 - 1))
def test_every_value_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float | None]], prices: list[float], house: int
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    missing = [[math.nan if value is None else value for value in row] for row in rows]
    known = [house] * len(rows)
    receipt = write(folder, Served(missing, [prices] * len(rows), known, [0.25] * len(rows), ("RM",), "bänk\n"))
    address, header, served = read_receipt(folder, receipt)
    assert (address.receipt, header) == (receipt, HEADER)
    assert repr(served.rows) == repr(rows)  # the signs of zeros too
    assert repr(served.prices) == repr([prices] * len(rows))
    assert (served.house_ids, served.event_times, served.overridden) == (known, [0.25] * len(rows), ("RM",))
    assert served.client == "bänk\n"
    assert not served.probe


def test_an_id_is_short_and_needs_no_quoting_in_a_url(tmp_path: Path) -> None:
    from urllib.parse import quote

    receipt = write(tmp_path)
    assert len(receipt) < 80
    assert quote(receipt, safe="") == receipt


def test_a_row_is_named_behind_a_slash(tmp_path: Path) -> None:
    receipt = write(tmp_path)
    assert read_receipt(tmp_path, f"{receipt}/0").address.row == 0
    with pytest.raises(UnknownReceiptError, match="no row 1"):
        read_receipt(tmp_path, f"{receipt}/1")


def test_any_changed_byte_of_the_line_or_the_header_is_detected(tmp_path: Path) -> None:
    receipt = write(tmp_path)
    whole = only(tmp_path).read_bytes()
    header, _, line = whole.splitlines(keepends=True)
    for place in [*range(len(header)), *range(len(whole) - len(line), len(whole))]:
        only(tmp_path).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(AlteredReceiptError):
            read_receipt(tmp_path, receipt)


@pytest.mark.parametrize("left", [-1, -20, -200, -10_000])
def test_a_file_that_was_cut_off_is_detected(tmp_path: Path, left: int) -> None:
    receipt = write(tmp_path)
    only(tmp_path).write_bytes(only(tmp_path).read_bytes()[:left])
    with pytest.raises(AlteredReceiptError, match="cut off"):
        read_receipt(tmp_path, receipt)


def test_a_line_put_at_the_place_of_another_is_detected(tmp_path: Path) -> None:
    first, second = parse_receipt(write(tmp_path / "a")), parse_receipt(write(tmp_path / "b"))
    swapped = second._replace(stem=first.stem)
    with pytest.raises(AlteredReceiptError):
        read_receipt(tmp_path / "a", swapped.receipt)


def test_a_receipt_that_is_not_kept_here_is_unknown(tmp_path: Path) -> None:
    receipt = write(tmp_path)
    only(tmp_path).unlink()
    with pytest.raises(UnknownReceiptError, match="HPP_RECEIPT_DAYS"):
        read_receipt(tmp_path, receipt)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "../../../etc/passwd",
        "v7.2026-11-23T22.1-1.0." + "A" * 19,
        "v7.2026-11-23T22.1-1.0." + "A" * 20 + "/-1",
        "v7.2026-11-23T22.1-1.0." + "A" * 20 + "\n",
        "v../x.2026-11-23T22.1-1.0." + "A" * 20,
        "v7.2026-11-23T22.1-1/../../x.0." + "A" * 20,
        "v7.２026-11-23T22.1-1.0." + "A" * 20,  # noqa: RUF001  # a digit that is not ASCII
        "x" * 100_000,
        "\x00",
    ],
)
def test_what_is_no_receipt_is_refused_without_a_look_at_the_disk(text: str) -> None:
    with pytest.raises(MalformedReceiptError) as caught:
        read_receipt(Path("/nowhere"), text)
    assert len(caught.value.info) < 500


def test_a_version_that_cannot_stand_in_a_files_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"\.\./7"):
        Spool(tmp_path, Header("../7", ("RM",)))


def test_each_hour_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, HEADER)
    for moment in (0.0, 10.0, 3600.0):
        monkeypatch.setattr(spool_module.time, "time", lambda moment=moment: moment)
        spool.append(SERVED)
    assert sorted(path.name.split(".")[1] for path in tmp_path.iterdir()) == ["1970-01-01T00", "1970-01-01T01"]
    spool.close()


def test_receipts_given_by_many_threads_are_all_found(tmp_path: Path) -> None:
    spool = Spool(tmp_path, HEADER)
    given: dict[str, float] = {}

    def serve(thread: int) -> None:
        for number in range(200):
            price = float(1000 * thread + number)
            given[spool.append(Served([[1.0, 2.0]], [[price, price, price]]))] = price

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spool.close()
    assert len(given) == 1600
    for receipt, price in given.items():
        assert read_receipt(tmp_path, receipt).served.prices == [[price, price, price]]


def test_a_write_that_the_disk_cut_off_spoils_no_later_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, HEADER)
    spool.append(SERVED)
    real = os.write

    def full(*_: object) -> int:
        raise OSError(28, "full")

    writes = iter([lambda file, data: real(file, data[:9]), full])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: next(writes)(file, data))
        with pytest.raises(OSError, match="full"):
            spool.append(SERVED)
    receipts = [spool.append(SERVED) for _ in range(2)]
    spool.close()
    assert [read_receipt(tmp_path, receipt).served.prices for receipt in receipts] == [SERVED.prices] * 2


def test_every_receipt_that_was_given_before_a_kill_is_whole(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\nfrom serving.records.spool import Spool\n"
        "from serving.records.receipts import Header, Served\n"
        "spool = Spool(pathlib.Path(sys.argv[1]), Header('7', ('RM',), ('MEDV',)))\n"
        "while True: sys.stdout.write(spool.append(Served([[6.0]], [[24.5]])) + '\\n'); sys.stdout.flush()"
    )
    given: list[str] = []
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        given += [process.stdout.readline().strip() for _ in range(500)]
        process.send_signal(signal.SIGKILL)
        given += [line.strip() for line in process.stdout if line.endswith("\n")]
    for receipt in given:
        assert read_receipt(tmp_path, receipt).served.prices == [[24.5]]


def test_only_files_that_grew_are_brought_to_the_disk(tmp_path: Path) -> None:
    sizes: dict[str, int] = {}
    assert sync_grown(tmp_path / "none yet", sizes) == 0
    spool = Spool(tmp_path, HEADER)
    for _ in range(2):
        spool.append(SERVED)
        assert sync_grown(tmp_path, sizes) == 1
        assert sync_grown(tmp_path, sizes) == 0
    spool.close()


def test_a_file_of_an_hour_that_is_over_is_dealt_with_once(tmp_path: Path) -> None:
    path = tmp_path / f"v7.1970-01-01T00.1-1{ENDING}"
    path.write_bytes(b"{}")
    sizes: dict[str, int] = {}
    assert grown(tmp_path, sizes) == [(path, 2)]
    sizes[path.name] = 2
    path.write_bytes(b"{}{}")
    assert grown(tmp_path, sizes) == []
