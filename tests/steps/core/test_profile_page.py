"""A profile as a page."""

import numpy as np

from serving.records.profile_views import view_of
from steps.core.profile_page import profile_page
from steps.core.sketches import sketches_of


def test_a_column_is_a_line_with_its_rows_and_its_spread() -> None:
    rows = np.array([[6.0, 1.0], [7.0, np.nan], [8.0, 1.0]])
    page = profile_page(sketches_of(view_of(["RM", "CHAS"], rows)))
    assert (
        "<tr><td>RM</td><td>3</td><td>0.0%</td><td>3</td><td>7</td><td>1</td><td>6</td><td>7</td><td>8</td></tr>"
        in page
    )
    assert "<tr><td>CHAS</td><td>3</td><td>33.3%</td><td>1</td>" in page


def test_a_column_without_values_has_no_figures() -> None:
    page = profile_page(sketches_of(view_of(["RM"], np.array([[np.nan]]))))
    assert (
        "<tr><td>RM</td><td>1</td><td>100.0%</td><td>0</td><td></td><td></td><td></td><td></td><td></td></tr>" in page
    )


def test_no_traffic_is_said_in_words() -> None:
    assert "Nothing was served" in profile_page({})
