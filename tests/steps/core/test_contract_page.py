"""The contract as a table in a page."""

import pytest

from serving.contract import FeatureSpec
from serving.pricing.ratios import Ratio
from steps.core.contract_page import END, START, contract_page, table, with_table
from steps.core.errors import ConfigurationError

TAX = FeatureSpec("TAX", "Tax | rate", "USD", "integer", 100, 800, 0.06, False)
PER_ROOM = FeatureSpec("TAX_PER_ROOM", "Tax per room", "USD", "continuous", 0.5, 800 / 3, 0, True, Ratio("TAX", "RM"))
LINES = """\
| Name | Description | Unit | Allowed | May be missing | Sensitive | Derived from |
| --- | --- | --- | --- | --- | --- | --- |
| TAX | Tax \\| rate | USD | whole numbers 100 to 800 | up to 6% of the rows |  |  |
| TAX_PER_ROOM | Tax per room | USD | 0.5 to 266.667 | no | yes | TAX / RM |"""


def test_a_column_is_a_line() -> None:
    assert table([TAX, PER_ROOM]) == LINES


def test_the_page_of_the_dashboard_has_the_same_cells() -> None:
    cells = ("TAX_PER_ROOM", "Tax per room", "USD", "0.5 to 266.667", "no", "yes", "TAX / RM")
    page = contract_page([TAX, PER_ROOM])
    assert f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" in page
    assert "<td>Tax | rate</td>" in page
    assert "Derived from" not in contract_page([TAX])


def test_the_table_takes_the_place_between_the_marks_and_nothing_else_changes() -> None:
    page = f"# Before\n{START}\nold\n{END}\n\nafter\n"
    written = with_table(page, [TAX, PER_ROOM], "page")
    assert written == f"# Before\n{START}\n\n{LINES}\n\n{END}\n\nafter\n"
    assert with_table(written, [TAX, PER_ROOM], "page") == written


@pytest.mark.parametrize("page", ["", START, END, f"{END}\n{START}", f"{START}{END}{END}", f"{START}{START}{END}"])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ConfigurationError, match=r"docs.md must have the two lines"):
        with_table(page, [TAX], "docs.md")
