"""From lines on disk to evidence: each house once, and nothing that is not about this rollout."""

from pathlib import Path

import msgspec
import pytest

from serving.records.feedback import Feedback
from serving.records.hourly import FEEDBACK
from serving.records.tailing import Tail
from serving.rollouts.evidence import Evidence
from serving.rollouts.pairs import Pairs
from serving.rollouts.record import RECORD, read_events, record
from serving.rollouts.state import Rollout, folder_of, read_rollout
from tests.rollouts import rules

STARTED = 100.0
ROLLOUT = Rollout(
    id="v2-1", model="m", champion="1", challenger="2", bundle="b", mode="canary", share=0.5, salt="00",
    started=STARTED, rules=rules(), by="operator",
)  # fmt: skip


def pairs(receipt: str = "r", keys: tuple[int, ...] = (1, 2), time: float = STARTED + 1) -> Pairs:
    count = len(keys)
    return Pairs(
        time=time, receipt=receipt, keys=list(keys), house_ids=[10 + key for key in keys], champion=[20.0] * count,
        challenger=[21.0] * count, half_widths=[4.0] * count, champion_ms=0.1, challenger_ms=0.1,
    )  # fmt: skip


def truth(price: float, received: float = STARTED + 2, **where: object) -> Feedback:
    return Feedback(id=f"{where}", received=received, truth=price, version="2", **where)  # type: ignore[arg-type]


def write(profiles: Path, *lines: Pairs | Feedback) -> None:
    for line in lines:
        name = f"{FEEDBACK}/f" if isinstance(line, Feedback) else f"rollout/{ROLLOUT.id}/p"
        path = profiles / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return Evidence(ROLLOUT, tmp_path)


def test_a_house_counts_once_however_often_it_is_asked_for(evidence: Evidence, tmp_path: Path) -> None:
    write(tmp_path, *[pairs(f"r{number}", (1, 2)) for number in range(5)], pairs("r9", (3,)))
    assert evidence.read()
    figures = evidence.judge.figures
    assert (figures.requests, figures.houses) == (6, 3)
    assert not evidence.read()


def test_true_prices_are_joined_by_receipt_and_by_house_each_house_once(evidence: Evidence, tmp_path: Path) -> None:
    write(tmp_path, pairs("r", (1, 2, 3)))
    write(tmp_path, truth(21.0, receipt="r", row=0), truth(21.0, house_id=11), truth(20.0, house_id=12))
    evidence.read()
    assert evidence.judge.figures.truths == 2
    assert evidence.judge.figures.gain == 0.0  # 1 of the first house, -1 of the second


def test_a_true_price_that_comes_before_its_pair_waits_for_it(evidence: Evidence, tmp_path: Path) -> None:
    write(tmp_path, truth(21.0, receipt="r", row=1))
    evidence.read()
    write(tmp_path, pairs("r"))
    evidence.read()
    assert evidence.judge.figures.truths == 1


@pytest.mark.parametrize(
    "other", [truth(1, STARTED - 1, house_id=11), truth(1, house_id=99), truth(1, house_id=11, probe=True)]
)
def test_what_is_older_of_another_house_or_a_probe_is_no_evidence(
    evidence: Evidence, tmp_path: Path, other: Feedback
) -> None:
    write(tmp_path, pairs(), other)
    evidence.read()
    assert evidence.judge.figures.truths == 0


def test_torn_and_foreign_lines_are_left_out(evidence: Evidence, tmp_path: Path) -> None:
    write(tmp_path, pairs("r", (1,)))
    (path,) = (folder_of(tmp_path) / ROLLOUT.id).iterdir()
    path.write_bytes(b'{"no": "pairs"}\n\xff\n' + path.read_bytes() + b'{"time": 3')
    evidence.read()
    assert evidence.judge.figures.requests == 1


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    tail, path = Tail(tmp_path), tmp_path / "a.jsonl"
    assert tail.lines() == []
    path.write_bytes(b"one\ntw")
    assert tail.lines() == [b"one"]
    path.write_bytes(b"one\ntwo\n")
    assert tail.lines() == [b"two"]


def test_an_event_is_on_record_once_even_after_a_torn_line(tmp_path: Path) -> None:
    assert record(tmp_path, "started", ROLLOUT)
    assert not record(tmp_path, "started", ROLLOUT)
    with (tmp_path / RECORD).open("ab") as file:
        file.write(b'{"event": "rolled')
    assert record(tmp_path, "rolled_back", ROLLOUT)
    assert [one.event for one in read_events(tmp_path)] == ["started", "rolled_back"]


def test_a_state_that_is_no_rollout_is_none(tmp_path: Path) -> None:
    assert read_rollout(tmp_path) is None
    (tmp_path / "state.json").write_text('{"id": "x", "share": 2}')
    assert read_rollout(tmp_path) is None
