"""True prices that callers send afterwards."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from serving.contract import FeatureSpec
from serving.errors import (
    AlteredReceiptError,
    InvalidRequestError,
    MalformedReceiptError,
    NotStoredError,
    UnknownHouseError,
    UnknownReceiptError,
)
from serving.records.feedback import FeedbackLog, read_feedback
from serving.records.hourly import ENDING
from serving.records.receipts import Header, Served
from serving.records.spool import Spool
from serving.records.truths import read_truths

TARGET = FeatureSpec("MEDV", "price", "1000 USD", "continuous", 1, 50, 0, False)
KNOWN_HOUSES = range(506)


def require(house_ids: Sequence[int]) -> None:
    if any(one not in KNOWN_HOUSES for one in house_ids):
        raise UnknownHouseError("no such house")


def new_log(folder: Path) -> FeedbackLog:
    return FeedbackLog(folder / "feedback", "8", TARGET, folder / "spool", require)


@pytest.fixture
def log(tmp_path: Path) -> FeedbackLog:
    return new_log(tmp_path)


@pytest.fixture
def receipt(tmp_path: Path) -> str:
    """Of two rows: a house and what it was priced at."""
    spool = Spool(tmp_path / "spool", Header("7", ("RM",), ("MEDV", "MEDV_low", "MEDV_high")))
    given = spool.append(Served([[6.0], [7.0]], [[20.0, 18.0, 22.0], [30.0, 28.0, 32.0]], house_ids=[4, 5]))
    spool.close()
    return given


def truth(*prices: Any, **tags: Any) -> dict[str, Any]:
    return {"data": {"names": ["MEDV"], "ndarray": [[price] for price in prices]}, "meta": {"tags": tags}}


def of(receipt: str, *prices: Any) -> dict[str, Any]:
    return {"request": {"meta": {"tags": {"receipt": receipt}}}, "truth": truth(*prices)}


def of_houses(house_ids: list[Any], *prices: Any, **tags: Any) -> dict[str, Any]:
    rows = [[one, 6.0] for one in house_ids]
    return {"request": {"data": {"names": ["house_id", "RM"], "ndarray": rows}}, "truth": truth(*prices, **tags)}


def test_a_true_price_is_kept_with_what_was_answered(log: FeedbackLog, receipt: str) -> None:
    assert log.accept(of(receipt, 21.5, 29.0), "bank") == 2
    first, second = read_feedback(log.folder)
    assert (first.receipt, first.row, first.truth, first.price, first.low, first.high) == (
        receipt, 0, 21.5, 20.0, 18.0, 22.0,
    )  # fmt: skip
    assert (second.row, second.truth, second.price, second.house_id) == (1, 29.0, 30.0, 5)
    assert (second.version, second.client) == ("7", "bank")
    assert second.priced_at is not None
    assert second.priced_at <= second.received


def test_the_receipt_may_come_back_in_the_reply_as_seldons_client_sends_it(log: FeedbackLog, receipt: str) -> None:
    message = of_houses([4, 5], 21.5, 29.0)
    message["response"] = {"meta": {"tags": {"receipt": receipt}}, "data": {"ndarray": [[20.0], [30.0]]}}
    assert log.accept(message) == 2
    assert [one.receipt for one in read_feedback(log.folder)] == [receipt] * 2


def test_one_row_of_a_receipt_can_be_told(log: FeedbackLog, receipt: str) -> None:
    assert log.accept(of(f"{receipt}/1", 29.0)) == 1
    (kept,) = read_feedback(log.folder)
    assert (kept.row, kept.price) == (1, 30.0)


def test_what_is_sent_again_counts_once_whichever_worker_takes_it(log: FeedbackLog, receipt: str) -> None:
    other = new_log(log.folder.parent)
    for one in (log, other, log):
        one.accept(of(receipt, 21.5, 29.0))
        one.accept(of(f"{receipt}/1", 29.0))
        one.accept(of_houses([4], 21.5))
        one.accept(of_houses([4], 21.5, event_time="2026-11-01T00:00:00Z"))
        one.accept(of_houses([4], 21.5, event_time="2026-11-01T01:00:00+01:00"))
    assert len(list(log.folder.iterdir())) == 2
    assert len(read_feedback(log.folder)) == 4


def test_a_corrected_price_takes_the_place_of_the_first_one(log: FeedbackLog, receipt: str) -> None:
    log.accept(of(receipt, 21.5, 29.0))
    log.accept(of(f"{receipt}/0", 22.5))
    assert sorted((one.row, one.truth) for one in read_feedback(log.folder)) == [(0, 22.5), (1, 29.0)]


def test_a_house_can_be_told_without_a_receipt_and_again_at_another_price(log: FeedbackLog) -> None:
    log.accept(of_houses([4, 5.0], 21.5, 29.0))
    log.accept(of_houses([4], 22.5))
    kept = read_feedback(log.folder)
    assert [(one.house_id, one.truth, one.version) for one in kept] == [(4, 21.5, "8"), (5, 29.0, "8"), (4, 22.5, "8")]


def test_tensors_are_taken_as_seldons_client_sends_them(log: FeedbackLog) -> None:
    message = {
        "request": {"data": {"names": ["house_id"], "tensor": {"shape": [2, 1], "values": [4.0, 5.0]}}},
        "truth": {"data": {"names": ["MEDV"], "tensor": {"shape": [2, 1], "values": [21.5, 29.0]}}},
    }
    assert log.accept(message) == 2
    assert [(one.house_id, one.truth) for one in read_feedback(log.folder)] == [(4, 21.5), (5, 29.0)]


@pytest.mark.parametrize("price", ["20", True, 0.5, 50.5, -1, 1e400, {"a": 1}])
def test_a_price_outside_of_the_contract_is_refused_with_its_row(price: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_truths(of_houses([4, 5], 20.0, price), TARGET)
    (detail,) = caught.value.details
    assert (detail["row"], detail["feature"], detail["allowed"]) == (1, "MEDV", "1 to 50")


@pytest.mark.parametrize(
    "message",
    [
        of_houses([4], 20.0, 21.0),
        of_houses(["4"], 20.0),
        of_houses([4.5], 20.0),
        of_houses([2**63], 20.0),
        of_houses([4], 20.0, event_time="yesterday"),
        of_houses([4], 20.0, event_time="2026-11-01T00:00:00"),
        {"truth": truth(20.0)},
        {"request": {"data": {"names": ["RM"], "ndarray": [[6.0]]}}, "truth": truth(20.0)},
        {**of_houses([4]), "truth": {"data": {"ndarray": [[20.0]]}}},
        {**of_houses([4]), "truth": {"data": {"names": ["RM"], "ndarray": [[20.0]]}}},
        {**of_houses([4]), "truth": {"data": {"names": ["MEDV"], "ndarray": []}}},
        {**of_houses([4]), "truth": {"data": {"names": ["MEDV"], "ndarray": [20.0]}}},
        {"request": {"data": {"names": ["house_id"], "ndarray": [[4]]}}},
    ],
)
def test_feedback_that_says_too_little_or_something_else_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_truths(message, TARGET)
    assert caught.value.status == 422


def test_a_reward_alone_is_left_to_seldon(log: FeedbackLog) -> None:
    assert log.accept({"request": {"data": {"names": ["house_id"], "ndarray": [[4]]}}, "reward": 1.0}) == 0
    assert read_feedback(log.folder) == []


def test_prices_that_do_not_fit_the_receipts_rows_are_refused(log: FeedbackLog, receipt: str) -> None:
    for wrong in (of(receipt, 21.5), of(receipt, 21.5, 29.0, 30.0), of(f"{receipt}/0", 21.5, 29.0)):
        with pytest.raises(InvalidRequestError, match="one true price a row"):
            log.accept(wrong)
    two = of(receipt, 21.5, 29.0) | {"response": {"meta": {"tags": {"receipt": receipt + "/1"}}}}
    with pytest.raises(InvalidRequestError, match="different receipts"):
        log.accept(two)
    assert read_feedback(log.folder) == []


def test_a_receipt_that_is_unknown_changed_or_none_is_refused(log: FeedbackLog, receipt: str) -> None:
    with pytest.raises(UnknownReceiptError, match="house_id"):
        log.accept(of(receipt.replace("v7", "v6"), 21.5, 29.0))
    with pytest.raises(UnknownReceiptError):
        log.accept(of(f"{receipt}/2", 21.5))
    with pytest.raises(MalformedReceiptError):
        log.accept(of("x", 21.5))
    (spool,) = (log.folder.parent / "spool").iterdir()
    spool.write_bytes(spool.read_bytes().replace(b"[20.0,18.0", b"[21.0,18.0"))
    with pytest.raises(AlteredReceiptError) as caught:
        log.accept(of(receipt, 21.5, 29.0))
    assert caught.value.status == 422
    assert read_feedback(log.folder) == []


def test_an_unknown_house_is_refused(log: FeedbackLog) -> None:
    with pytest.raises(UnknownHouseError):
        log.accept(of_houses([4, 506], 21.5, 29.0))
    assert read_feedback(log.folder) == []


def test_what_the_disk_does_not_take_is_not_accepted_and_can_be_sent_again(
    log: FeedbackLog, receipt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def full(*_: object) -> int:
        raise OSError(28, "full")

    writes = iter([lambda file, data: real(file, data[:9]), full])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: next(writes)(file, data))
        with pytest.raises(NotStoredError) as caught:
            log.accept(of(receipt, 21.5, 29.0))
    assert caught.value.status == 503
    assert read_feedback(log.folder) == []
    assert log.accept(of(receipt, 21.5, 29.0)) == 2
    assert len(read_feedback(log.folder)) == 2


def test_everything_that_was_accepted_before_a_kill_is_there(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\nfrom tests.serving.records.test_feedback import new_log, of_houses\n"
        "log = new_log(pathlib.Path(sys.argv[1]))\n"
        "while True:\n"
        "    for number in range(100, 5000):\n"
        "        log.accept(of_houses([4], number / 100))\n"
        "        sys.stdout.write(f'{number}\\n'); sys.stdout.flush()"
    )
    install = "from pathlib import Path; from serving.protocol.seldon_protocol import install\n"
    install += "install(Path(sys.argv[1]) / 'protos')"
    command = [sys.executable, "-c", f"import sys\n{install}\n{program}", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        accepted = {int(process.stdout.readline()) for _ in range(300)}
        process.send_signal(signal.SIGKILL)
        accepted |= {int(line) for line in process.stdout if line.endswith("\n")}
    assert accepted <= {round(one.truth * 100) for one in read_feedback(tmp_path / "feedback")}


def test_a_line_that_was_cut_off_hides_no_other(log: FeedbackLog) -> None:
    log.accept(of_houses([4], 21.5))
    (path,) = log.folder.glob(f"*{ENDING}")
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + b"\n" + whole + whole[:40])
    assert len(read_feedback(log.folder)) == 1


@pytest.fixture(autouse=True, scope="module")
def seldons_protocol(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Seldon's protobuf modules, which its feedback messages are read with."""
    from serving.protocol.seldon_protocol import install

    install(tmp_path_factory.mktemp("seldon-protocol"))
