"""The data contract as a table: in Markdown, with its place in a guide, and as a page of the dashboard."""

from collections.abc import Sequence

from serving.contract import FeatureSpec
from steps.core.errors import ConfigurationError
from steps.core.page import Reading
from steps.core.page import page as html_page
from steps.core.page import table as html_table

START = "<!-- contract: start; `python -m steps.contract_table` writes what is between the two marks -->"
END = "<!-- contract: end -->"
READING = Reading(
    what="The columns that a house must and may have, as the Feast registry holds them: the one place that data, "
    "training and requests are held against.",
    good="Each has the unit and the range that your source uses; what is sensitive is marked.",
    act="Edit the feature repository (`HPP_FEATURE_REPO`) and run the pipeline again; `make plan` shows what would "
    "change.",
)
HEADER = ("Name", "Description", "Unit", "Allowed", "May be missing", "Sensitive", "Derived from")


def table(specs: Sequence[FeatureSpec]) -> str:
    """The columns as a table, one a line."""
    rows = [HEADER, tuple("---" for _ in HEADER), *(_cells(spec) for spec in specs)]
    return "\n".join(f"| {' | '.join(cell.replace('|', r'\|') for cell in row)} |" for row in rows)


def contract_page(specs: Sequence[FeatureSpec]) -> str:
    """The columns as a page of the dashboard; what none of them has is left out."""
    rows = [_cells(spec) for spec in specs]
    told = [at for at in range(len(HEADER)) if any(row[at] for row in rows)]
    heads, *lines = ([row[at] for at in told] for row in (HEADER, *rows))
    return html_page("The data contract", READING, html_table(heads, lines, "words"))


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
    return spec.name, spec.description, spec.unit, allowed, missing, "yes" if spec.sensitive else "", derived
