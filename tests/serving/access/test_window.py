"""The sliding window in a shared file."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.access import window as window_module
from serving.access.window import CELL, FIRST, POSITION, SMALLEST, WINDOW_NS, WINDOW_S, Window

START = 10**15


class Clock:
    """A clock that the test moves."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = START
        patch.setattr(window_module.time, "monotonic_ns", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def admitted(window: Window, calls: int, limit: int) -> int:
    return sum(window.admit(limit) == 0 for _ in range(calls))


def test_the_window_slides_call_by_call(tmp_path: Path, clock: Clock) -> None:
    window = Window(tmp_path / "w")
    for second in (0, 10, 20):
        clock.now = START + second * 10**9
        assert window.admit(3) == 0
    assert window.admit(3) == WINDOW_S - 20
    clock.now = START + WINDOW_NS - 1
    assert 0 < window.admit(3) < 1e-8
    clock.now = START + WINDOW_NS
    assert admitted(window, 5, 3) == 1
    clock.now = START + WINDOW_NS + 10 * 10**9
    assert admitted(window, 5, 3) == 1


def test_a_machine_that_has_just_started_admits(tmp_path: Path, clock: Clock) -> None:
    clock.now = 5
    assert admitted(Window(tmp_path / "w"), 5, 3) == 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 70) | st.just(0),  # seconds that pass
            st.sampled_from([1, 2, 5, 600, 1500]),  # the limit from now on
            st.integers(1, 700),  # calls
            st.booleans(),  # by another process' eyes
        ),
        max_size=12,
    )
)
def test_it_admits_what_a_list_of_all_admissions_would(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int, bool]]
) -> None:
    path = tmp_path_factory.mktemp("windows") / "w"
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        first, second = Window(path), Window(path)
        times: list[int] = []
        for seconds, limit, calls, other in steps:
            clock.now += seconds * 10**9
            for _ in range(calls):
                clock.now += 1
                recent = sum(time > clock.now - WINDOW_NS for time in times[-limit:])
                expected = recent < limit
                assert ((second if other else first).admit(limit) == 0) is expected
                if expected:
                    times.append(clock.now)
        first.close()
        second.close()


@pytest.mark.parametrize("size", [1, 7, 16, 100, 4096, 5000, 100_001])
def test_a_file_of_any_bytes_locks_nobody_out_for_more_than_a_window(tmp_path: Path, clock: Clock, size: int) -> None:
    for seed in range(20):
        (tmp_path / "w").write_bytes(os.urandom(size) if seed else b"\x7f" * size)
        clock.now = START
        window = Window(tmp_path / "w")
        window.admit(3)
        clock.now += WINDOW_NS
        assert admitted(window, 5, 3) == 3
        assert 0 < window.admit(3) <= WINDOW_S
        window.close()
        (tmp_path / "w").unlink()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=60))
def test_kills_amid_admissions_never_give_a_call_away_and_cost_one_each_at_most(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[int, bool]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock, limit = Clock(patch), 4
        window = Window(tmp_path_factory.mktemp("windows") / "w")
        times: list[int] = []
        kills: list[int] = []
        for seconds, killed in calls:
            clock.now += seconds * 10**9 + 1
            window._fit(limit)
            place = FIRST + window._cells[POSITION]
            before = window._cells[place]
            recent, lost = (sum(time > clock.now - WINDOW_NS for time in those) for those in (times, kills))
            if window.admit(limit):
                assert recent + lost >= limit
            elif killed:
                window._cells[place] = before  # killed before it stored the time
                kills.append(clock.now)
            else:
                assert recent < limit
                times.append(clock.now)
        window.close()


def test_times_of_an_earlier_start_of_the_machine_count_for_nothing(tmp_path: Path, clock: Clock) -> None:
    assert admitted(Window(tmp_path / "w"), 5, 3) == 3
    clock.now = 7 * 10**9
    later = Window(tmp_path / "w")
    assert admitted(later, 5, 3) == 3


def test_the_file_stays_as_large_as_the_limit_needs(tmp_path: Path, clock: Clock) -> None:
    window = Window(tmp_path / "w")
    for _ in range(3 * SMALLEST):
        clock.now += WINDOW_NS
        assert window.admit(100) == 0
    assert (tmp_path / "w").stat().st_size == (FIRST + SMALLEST) * CELL == 4096
