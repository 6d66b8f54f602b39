"""A record as a page: every field with its value and with what its docstring says of it."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from steps.core.page import Reading, page, table

HEADS = ("field", "value", "meaning")
NONE = "none"
LONGEST_LIST = 30
SHORT_MAPPING = 4  # one with more entries is a table of its own
IDENTIFIERS = {"pid"}  # numbers that count nothing
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?(?:\+00:00|Z)")


def facts_page(title: str, record: BaseModel, reading: Reading) -> str:
    """A table of the record's fields, and one of each record in them."""
    meanings, rows = attributes(type(record)), []
    below = []
    for name in type(record).model_fields:
        value, label = getattr(record, name), name.replace("_", " ")
        if isinstance(value, BaseModel):
            below.append(f"<h2>{label}</h2>{_table([value])}")
        elif isinstance(value, Sequence) and value and all(isinstance(one, BaseModel) for one in value):
            below.append(f"<h2>{label}</h2>{_table(value)}")
        elif isinstance(value, Mapping) and len(value) > SHORT_MAPPING:
            lines = [(str(key), in_words(one)) for key, one in value.items()]
            below.append(f"<h2>{label}</h2>{table(('name', 'value'), lines)}")
        elif name in IDENTIFIERS:
            rows.append((label, in_words(value and str(value)), meanings.get(name, "")))
        else:
            rows.append((label, in_words(value), meanings.get(name, "")))
    return page(title, reading, table(HEADS, rows, "words") + "".join(below))


def attributes(kind: type[BaseModel]) -> dict[str, str]:
    """What the docstring's section of attributes says, by field."""
    _, _, section = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        begun = re.match(r"    (\w+(?:, \w+)*): (.*)", line)
        names = begun[1].split(", ") if begun else names
        said = begun[2] if begun else line.strip()
        found |= {name: f"{found[name]} {said}".strip() if name in found else said for name in names}
    return found


def in_words(value: object) -> str:
    """A value as people read it: four significant digits, thousands apart, yes and no, times to the minute."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {in_words(one)}" for name, one in value.items()) or NONE
    if isinstance(value, list | tuple):
        more = f" and {len(value) - LONGEST_LIST} more" if len(value) > LONGEST_LIST else ""
        return ", ".join(map(in_words, value[:LONGEST_LIST])) + more if value else NONE
    return TIME.sub(r"\1 \2 UTC", str(value))


def _table(records: Sequence[BaseModel]) -> str:
    lines = [tuple(in_words(value) for value in _flat(one)) for one in records]
    return table([name.replace("_", " ") for name in type(records[0]).model_fields], lines, "words")


def _flat(record: BaseModel) -> Iterator[object]:
    for name in type(record).model_fields:
        value = getattr(record, name)
        yield value.model_dump() if isinstance(value, BaseModel) else value
