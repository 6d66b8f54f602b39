"""The simulation of rollouts and its table."""

import numpy as np
import pytest

from benchmarks.document import section
from benchmarks.rollout import BAD, decided, learned, world
from benchmarks.rollout_results import NAME, PLACE, Results, encode, markdown, read, summary
from tests.rollouts import rules


def results() -> Results:
    outcomes = [("roll back", "drift", 7), ("roll back", "drift", 60), ("go on", "", 202)]
    cases = [summary("bad", "shuffled", outcomes, "roll back"), summary("good", "equal", outcomes[2:], "roll back")]
    return Results(date="2026-11-25", machine={"cores": "2", "libraries": "numpy 2"}, rules=rules(), cases=cases)


def test_a_challenger_is_decided_at_the_first_verdict() -> None:
    far = [(20.0, 40.0, 4.0, None)] * 30
    action, test, count = decided(rules(), iter(far))
    assert (action, test) == ("roll back", "drift")
    assert count < 15
    assert decided(rules(), iter([(20.0, 20.5, 4.0, None)] * 30)) == ("go on", "", 30)


def test_the_traffic_is_of_houses_that_no_model_saw() -> None:
    it = world(3)
    assert len(it.y) + len(it.truths) == 506
    assert not {row.tobytes() for row in it.X} & {row.tobytes() for row in it.houses}


@pytest.mark.parametrize("name", list(BAD))
def test_every_bad_challenger_prices_worse_than_a_good_one(name: str) -> None:
    it = world(1)
    good = np.abs(learned(it) - it.truths).mean()
    assert np.abs(BAD[name](it) - it.truths).mean() > 1.5 * good


def test_a_case_counts_what_was_decided_and_how_soon() -> None:
    bad, _ = results().cases
    assert (bad.runs, bad.decided, bad.within, bad.tests) == (3, 2, 1, {"drift": 2})
    assert (bad.median, bad.most, bad.houses) == (33.5, 60.0, 202)


def test_the_documents_table_has_a_line_for_each_challenger() -> None:
    assert "| shuffled | 3 | 2 (9.4% to 99.2%) | 33% | 34 | 60 | drift 2 |" in markdown(results()).splitlines()


def test_the_guide_shows_the_results_that_are_kept() -> None:
    kept = read()
    assert encode(kept) == PLACE.read_bytes()
    assert section((PLACE.parent.parent / "rollout.md").read_text(), NAME) == markdown(kept)
