"""The interval's ends by their definition."""

import json

import numpy as np

from steps.core.interval_ends import interval_ends

TABLE = json.dumps({"minimum": 1, "maximum": 50, "prices": [10, 20], "half_widths": [2, 4]}).encode()


def test_half_widths_lie_on_straight_lines_and_ends_in_the_contracts_range() -> None:
    low, high = interval_ends(np.array([15.0, 5, 2, 48, 51, 0.5]), TABLE)
    assert low.tolist() == [12, 3, 1, 44, 47, 0.5]
    assert high.tolist() == [18, 7, 4, 50, 51, 2.5]
