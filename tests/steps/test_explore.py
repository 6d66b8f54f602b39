"""The exploration report."""

import re

from steps.apply_contract import Contract
from steps.explore import Exploration, profile
from tests.houses import boston, parameters


def test_the_report_shows_every_column_and_opens_without_a_network(contract: Contract) -> None:
    page = profile(boston().head(60), contract, Exploration(**parameters()["exploration"]))
    for column in contract:
        assert column["description"].split("(")[0].strip() in page
    assert "house_id" not in page
    assert not re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']https?://""", page)
