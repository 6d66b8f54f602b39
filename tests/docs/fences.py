"""The blocks of code of a page."""

import re

from zenml_config.environment import ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.S | re.M)


def fences(page: str) -> list[tuple[str, str]]:
    """The language and the text of each block of code."""
    return FENCE.findall((ROOT / "docs" / page).read_text())
