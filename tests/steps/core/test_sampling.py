"""Which houses are compared."""

import numpy as np
import pytest
from pydantic import ValidationError

from steps.core.sampling import Sample, sample

IDS = np.arange(100, 0, -1)  # 100 is the oldest, 1 the newest
TIMES = np.arange(100.0)


def test_all_houses_are_taken_if_they_are_few_enough() -> None:
    assert sample(IDS, TIMES, Sample(most=100, newest=5, seed=1)).tolist() == list(range(1, 101))


def test_of_many_the_newest_are_taken_and_a_draw_from_the_others() -> None:
    chosen = sample(IDS, TIMES, Sample(most=20, newest=5, seed=1)).tolist()
    assert (len(set(chosen)), chosen[:5]) == (20, [1, 2, 3, 4, 5])
    assert sum(house > 50 for house in chosen) > 3


def test_a_seed_draws_the_same_houses_in_whatever_order_the_store_has_them() -> None:
    wanted = Sample(most=20, newest=5, seed=1)
    assert sample(IDS[::-1], TIMES[::-1], wanted).tolist() == sample(IDS, TIMES, wanted).tolist()
    assert sample(IDS, TIMES, Sample(most=20, newest=5, seed=2)).tolist() != sample(IDS, TIMES, wanted).tolist()


def test_more_newest_than_all_are_refused() -> None:
    with pytest.raises(ValidationError, match="`newest` is 6, more than `most`, 5"):
        Sample(most=5, newest=6, seed=1)
