"""The unit of prices and their errors, as pages and axes name it."""

from collections.abc import Mapping

UNKNOWN = "the unit of the price"  # of what was kept before units were, or by a contract that has none


def price_unit(meanings: Mapping[str, Mapping[str, str]], target: str) -> str:
    """The target's unit in words, such as `1000 USD`.

    Args:
        meanings: description, unit and allowed values of each column.
    """
    return meanings.get(target, {}).get("unit") or UNKNOWN
