"""What changes the fingerprint of a data set, and what does not."""

import numpy as np
import pandas as pd

from steps.core.fingerprint import fingerprint
from tests.houses import FINGERPRINT, boston


def test_the_packaged_data_have_the_fingerprint_that_is_known_of_them() -> None:
    assert fingerprint(boston()) == FINGERPRINT


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert fingerprint(boston().sample(frac=1, random_state=1)) == FINGERPRINT


def test_one_changed_cell_changes_it() -> None:
    houses = boston()
    houses.loc[200, "RM"] += 1e-12
    assert fingerprint(houses) != FINGERPRINT


def test_missing_values_are_alike_and_so_are_the_two_zeros() -> None:
    odd = np.frombuffer(np.array([0x7FF8000000000001], dtype="<u8").tobytes(), dtype="<f8")
    one = pd.DataFrame({"house_id": [0, 1], "RM": [np.nan, 0.0]})
    other = pd.DataFrame({"house_id": [0, 1], "RM": [odd[0], -0.0]})
    assert fingerprint(one) == fingerprint(other)
