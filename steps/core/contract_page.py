"""The data contract as a table in Markdown, and its place in a page: values in, text out."""

from collections.abc import Sequence

from serving.contract import FeatureSpec
from steps.core.errors import ConfigurationError

START = "<!-- contract: start; `python -m steps.contract_table` writes what is between the two marks -->"
END = "<!-- contract: end -->"
HEADER = ("Name", "Description", "Unit", "Allowed", "May be missing", "Sensitive", "Derived from")


def table(specs: Sequence[FeatureSpec]) -> str:
    """The columns as a table, one a line."""
    rows = [HEADER, tuple("---" for _ in HEADER), *(_cells(spec) for spec in specs)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def with_table(page: str, specs: Sequence[FeatureSpec], name: str) -> str:
    """The page with the table of these columns between its marks.

    Args:
        name: of the page, for the message.

    Raises:
        ConfigurationError: the page does not have each mark once, the start before the end.
    """
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end or START in rest or END in after:
        raise ConfigurationError(f"{name} must have the two lines\n{START}\n{END}\nonce each, in this order.")
    return f"{before}{START}\n\n{table(specs)}\n\n{END}{after}"


def _cells(spec: FeatureSpec) -> tuple[str, ...]:
    missing = f"up to {spec.max_missing_share:.0%} of the rows" if spec.nullable else "no"
    derived = f"{spec.ratio.formula}" if spec.ratio else ""
    allowed = spec.allowed.removesuffix(" or null")
    cells = (spec.name, spec.description, spec.unit, allowed, missing, "yes" if spec.sensitive else "", derived)
    return tuple(cell.replace("|", r"\|") for cell in cells)
