"""What a materialization has to write, and in which order."""

import numpy as np
import pytest

from steps.core.materialization import Mark, State, Unfinished, batches, sample, work, written

# Houses 3, 1, 2, observed at 10, 20, 30 and created a second later each, as an offline store hands them out.
KEYS, EVENT, CREATED = (np.array(column) for column in ([3, 1, 2], [10, 20, 30], [11, 21, 31]))
LATER = 10**9  # a window that asks for nothing again


def state(completed: Mark | None = None, unfinished: Unfinished | None = None) -> State:
    return State(store="sqlite 1", features=("RM",), completed=completed, unfinished=unfinished)


def houses(known: State, start_us: int = LATER) -> tuple[list[int], list[int]]:
    todo = work(KEYS, EVENT, CREATED, known, start_us)
    return KEYS[todo.again].tolist(), KEYS[todo.rows].tolist()


def test_a_store_of_which_nothing_is_known_gets_every_house_in_the_order_of_the_ids() -> None:
    assert houses(state()) == ([], [1, 2, 3])


def test_what_was_created_and_observed_before_the_last_run_is_not_written_again() -> None:
    assert houses(state(Mark(created_us=31, event_us=40))) == ([], [])
    assert houses(state(Mark(created_us=21, event_us=40))) == ([], [2])


def test_a_row_that_came_late_is_written_although_it_was_observed_before_the_last_run() -> None:
    assert houses(state(Mark(created_us=10, event_us=40))) == ([], [1, 2, 3])


def test_a_row_that_was_observed_after_the_last_run_is_written_although_it_was_there_before() -> None:
    assert houses(state(Mark(created_us=31, event_us=15))) == ([], [1, 2])


def test_a_window_that_is_asked_for_is_written_again() -> None:
    assert houses(state(Mark(created_us=31, event_us=40)), start_us=20) == ([], [1, 2])


def test_a_run_that_was_killed_is_taken_up_behind_its_last_batch() -> None:
    left = Unfinished(created_us=31, event_us=40, start_us=LATER, after=1, done=1)
    assert houses(state(unfinished=left)) == ([], [2, 3])


def test_what_became_newer_behind_the_last_batch_of_a_killed_run_is_written_first() -> None:
    left = Unfinished(created_us=11, event_us=40, start_us=LATER, after=2, done=2)
    assert houses(state(unfinished=left)) == ([1, 2], [3])


def test_the_window_of_a_killed_run_is_kept() -> None:
    left = Unfinished(created_us=31, event_us=40, start_us=30, after=1, done=1)
    assert houses(state(Mark(created_us=31, event_us=40), left)) == ([], [2])


@pytest.mark.parametrize(
    ("known", "held"),
    [
        (state(), []),
        (state(Mark(created_us=21, event_us=40)), [3, 1]),
        (state(unfinished=Unfinished(created_us=31, event_us=40, start_us=0, after=2, done=2)), [1, 2]),
    ],
)
def test_what_the_store_should_hold_is_what_was_completed_or_passed(known: State, held: list[int]) -> None:
    assert KEYS[written(KEYS, EVENT, CREATED, known)].tolist() == held


def test_batches_hold_every_row_once_and_the_last_may_be_smaller() -> None:
    assert [some.tolist() for some in batches(np.arange(5), 2)] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(("rows", "positions"), [(0, []), (2, [0, 1]), (9, [0, 4, 8])])
def test_a_sample_is_spread_over_the_rows(rows: int, positions: list[int]) -> None:
    assert sample(rows, 3).tolist() == positions
