"""The result of a validation as a page that needs nothing from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from steps.core.findings import asked
from steps.core.page import Reading, headers, page

HEADS = ("Result", "Column", "Expectation", "Wanted", "Observed")
READING = Reading(
    what="The data that came in, held against the contract of the feature repository and against how such data were "
    "distributed before. One line an expectation, the failed ones first.",
    good="All hold. A run whose data fail ends here: nothing of them reaches the feature store.",
    act="Mend the source, or if the world has changed, the contract in feature_repo/ or `distribution` in the "
    "pipeline's configuration (docs/features.md).",
)


def render(results: Sequence[Mapping[str, Any]], facts: Mapping[str, object]) -> str:
    """The page: a sentence, then a line for each expectation, the failed ones first.

    Args:
        results: the `results` of a validation, as dictionaries.
        facts: what else to say of the data, by name.
    """
    passed = sum(bool(result["success"]) for result in results)
    ordered = sorted(results, key=lambda result: bool(result["success"]))
    said = "; ".join(f"{name} {value}" for name, value in facts.items())
    title = f"{passed} of {len(results)} expectations hold"
    body = f"<p>{escape(said)}</p><table class=words><tr>{headers(HEADS)}</tr>{''.join(_rows(ordered))}</table>"
    return page(title, READING, body)


def _rows(results: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for result in results:
        configuration = result["expectation_config"]
        kwargs = configuration["kwargs"]
        column = kwargs.get("column") or " and ".join(filter(None, (kwargs.get("column_A"), kwargs.get("column_B"))))
        verdict = "passed" if result["success"] else "failed"
        name = str(configuration["type"]).removeprefix("expect_").replace("_", " ")
        cells = [str(column or "the table"), name, _asked(kwargs), _observed(result["result"])]
        yield (
            f"<tr><td class='{verdict}'>{verdict}</td>"
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )


def _asked(kwargs: Mapping[str, Any]) -> str:
    if (mostly := kwargs.get("mostly")) is not None and "min_value" not in kwargs:
        return f"in at least {mostly:.0%} of the rows"
    return asked(kwargs) or "in every row"


def _observed(result: Mapping[str, Any]) -> str:
    value = result.get("observed_value")
    if isinstance(value, float | int):
        return f"{value:.4g}"
    if value is not None:
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if "unexpected_count" in result:
        return f"{result['unexpected_count']} of {result.get('element_count')} refused"
    return ""
