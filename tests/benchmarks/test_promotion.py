"""The simulation of the promotion rule."""

import numpy as np
import pytest

from benchmarks.promotion import CASES, judges
from tests.training import promotion, validation

FOLDS = validation(folds=5, repeats=2)
TRUTH = np.linspace(10.0, 40.0, 60)


@pytest.mark.parametrize("test", list(judges(promotion())))
def test_every_test_passes_a_challenger_that_is_far_better_and_none_that_is_far_worse(test: str) -> None:
    draw = np.random.default_rng(0)
    close, far = (TRUTH + spread * draw.standard_normal((2, 60)) for spread in (1.0, 6.0))
    judge = judges(promotion())[test]
    assert judge(TRUTH, far, close, FOLDS)
    assert not judge(TRUTH, close, far, FOLDS)


def test_each_null_case_has_two_hundred_pairs() -> None:
    assert [pairs for name, (_, pairs) in CASES.items() if name.startswith("null")] == [200, 200, 200]
