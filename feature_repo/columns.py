"""How a column of the contract is written down: a Feast field with all that the platform needs to know of it."""

import itertools
from collections.abc import Sequence

from feast import Field
from feast.types import Float64


def column(
    name: str,
    description: str,
    unit: str,
    minimum: float,
    maximum: float,
    kind: str = "continuous",
    max_missing_share: float = 0.0,
    sensitive: bool = False,
) -> Field:
    """A column with all that validation, serving, monitoring and the documents need to know of it.

    Args:
        unit: the unit of the values, `minimum` and `maximum`; "1" for a pure number.
        kind: "continuous", "integer" (whole numbers) or "binary" (`minimum` or `maximum`).
        max_missing_share: the share of rows, 0 to 1, in which the value may be missing.
        sensitive: it describes, or stands for, a protected attribute.
    """
    return Field(
        name=name,
        dtype=Float64,
        description=description,
        tags={
            "unit": unit,
            "kind": kind,
            "minimum": f"{minimum:g}",
            "maximum": f"{maximum:g}",
            "max_missing_share": f"{max_missing_share:g}",
            "sensitive": str(sensitive).lower(),
        },
    )


def ratio(
    columns: Sequence[Field],
    name: str,
    description: str,
    unit: str,
    numerator: str,
    denominator: str,
    sensitive: bool = False,
) -> Field:
    """A derived column: one stored column divided by another, missing where either of them is.

    Its range, how much of it may be missing, and whether it is sensitive follow from the two columns.

    Args:
        columns: the stored columns.
        unit: the unit of the quotient.
        numerator, denominator: names of stored columns.
        sensitive: it is so even though neither of the two columns is.

    Raises:
        ValueError: a column does not exist, or the denominator may be 0.
    """
    stored = {field.name: field for field in columns}
    if unknown := [part for part in (numerator, denominator) if part not in stored]:
        raise ValueError(
            f"{name} is made of {', '.join(unknown)}, which is no stored column. Wanted {', '.join(stored)}."
        )
    if name in stored:
        raise ValueError(f"{name} is a stored column already. Give the derived one another name.")
    parts = [stored[numerator], stored[denominator]]
    (lowest, highest), (smallest, largest) = (
        [float(part.tags[end]) for end in ("minimum", "maximum")] for part in parts
    )
    if smallest <= 0 <= largest:
        raise ValueError(
            f"{name} is divided by {denominator}, which may be 0: its range is {smallest:g} to {largest:g}. Wanted a "
            "denominator whose range does not hold 0."
        )
    ends = [above / below for above, below in itertools.product((lowest, highest), (smallest, largest))]
    missing = sum(float(part.tags["max_missing_share"]) for part in parts)
    return Field(
        name=name,
        dtype=Float64,
        description=description,
        tags={
            "unit": unit,
            "kind": "continuous",
            "minimum": repr(min(ends)),  # to the last digit: a rounded end would refuse a house that is allowed
            "maximum": repr(max(ends)),
            "max_missing_share": f"{min(missing, 1.0):g}",
            "sensitive": str(sensitive or any(part.tags["sensitive"] == "true" for part in parts)).lower(),
            "numerator": numerator,
            "denominator": denominator,
        },
    )
