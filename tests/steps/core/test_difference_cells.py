"""A mean difference in a table."""

import pytest

from steps.core.difference_cells import difference_cells


@pytest.mark.parametrize(
    ("p_value", "told"), [(0.0499, "0.050"), (0.001, "0.001"), (0.00099, "< 0.001"), (0.0, "< 0.001")]
)
def test_a_difference_has_its_signs_its_interval_and_a_p_that_is_never_zero(p_value: float, told: str) -> None:
    assert difference_cells(0.25, -0.5, 1.0, p_value) == ("+0.250", "-0.500 to +1.000", told)
