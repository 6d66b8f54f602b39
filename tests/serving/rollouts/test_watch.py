"""What ends a rollout besides evidence: its longest time."""

import time
from pathlib import Path

import msgspec
import pytest

from serving.rollouts.record import read_events
from serving.rollouts.state import Rollout, begin, folder_of, read_rollout
from serving.rollouts.watch import DAY_S, Watch
from serving.settings import read_settings
from tests.rollouts import rules
from tests.serving.rollouts.test_evidence import ROLLOUT, pairs, truth, write

LONGEST_S = 3 * DAY_S


def watched(var: Path, age_s: float) -> Watch:
    """What watches over a rollout of three days at most that began so long ago."""
    limit = msgspec.structs.replace(rules(), longest_days=3)
    rollout = msgspec.structs.replace(ROLLOUT, salt="0" * 32, started=time.time() - age_s, rules=limit)
    begin(folder_of(var / "profiles"), rollout)
    return Watch(var / "profiles", read_settings().model_copy(update={"audit_dir": var / "audit"}))


def state(watch: Watch) -> Rollout:
    found = read_rollout(watch.folder)
    assert found is not None
    return found


@pytest.mark.parametrize(("age_s", "status"), [(LONGEST_S - 60, "running"), (LONGEST_S + 1, "undecided")])
def test_what_is_undecided_at_the_end_of_its_time_is_over_and_on_record(
    tmp_path: Path, age_s: float, status: str
) -> None:
    watch = watched(tmp_path, age_s)
    now = time.time()
    write(watch.profiles, pairs("r", (1, 2), now), truth(20.0, now, receipt="r", row=0))
    watch.look()
    assert state(watch).status == status
    events = read_events(tmp_path / "audit")
    assert [one.event for one in events] == ["started", *([status] if status != "running" else [])]
    if status == "undecided":
        assert (events[-1].by, events[-1].test) == ("service", "time")
        assert "3 days, by 1 true prices" in events[-1].reason
        assert events[-1].figures is not None
        watch.look()
        assert len(read_events(tmp_path / "audit")) == 2


def test_evidence_that_is_there_in_time_goes_before_the_end_of_the_time(tmp_path: Path) -> None:
    watch = watched(tmp_path, LONGEST_S + 1)
    (faulty,) = [msgspec.structs.replace(pairs("r", (1,), time.time()), fault="ValueError: no")]
    write(watch.profiles, *[faulty] * 2)
    watch.look()
    assert (state(watch).status, state(watch).test) == ("rolled_back", "faults")


def test_a_challenger_that_is_better_waits_for_its_promotion_as_long_as_it_takes(tmp_path: Path) -> None:
    watch = watched(tmp_path, LONGEST_S + 1)
    better = msgspec.structs.replace(state(watch), status="better")
    (watch.folder / "state.json").write_bytes(msgspec.json.encode(better))
    watch.look()
    assert state(watch).status == "better"
