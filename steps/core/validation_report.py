"""The result of a validation as a page that needs nothing from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from steps.core.findings import asked

STYLE = """
body{font:14px/1.5 system-ui,sans-serif;color:#1f2430;margin:24px;max-width:1100px}
h1{font-size:20px;margin:0 0 4px} p{margin:4px 0 16px;color:#555}
table{border-collapse:collapse;width:100%} th,td{text-align:left;padding:5px 10px;border-bottom:1px solid #e3e5ea}
th{font-weight:600;background:#f5f6f8} .passed{color:#17733a;font-weight:600} .failed{color:#b3261e;font-weight:600}
"""


def render(results: Sequence[Mapping[str, Any]], facts: Mapping[str, object]) -> str:
    """The page: a sentence, then a line for each expectation, the failed ones first.

    Args:
        results: the `results` of a validation, as dictionaries.
        facts: what else to say of the data, by name.
    """
    passed = sum(bool(result["success"]) for result in results)
    ordered = sorted(results, key=lambda result: bool(result["success"]))
    said = "; ".join(f"{name} {value}" for name, value in facts.items())
    head = "".join(f"<th>{name}</th>" for name in ("Result", "Column", "Expectation", "Wanted", "Observed"))
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Validation</title><style>{STYLE}</style>"
        f"</head><body><h1>{passed} of {len(results)} expectations hold</h1><p>{escape(said)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_rows(ordered))}</tbody></table></body></html>"
    )


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
