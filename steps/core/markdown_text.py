"""Pieces of Markdown. What comes from outside is text: no sign of it is taken for Markdown or HTML."""

import re
from collections.abc import Iterable, Sequence

_SIGNS = re.compile(r"([\\`*{}\[\]<>|#~!&]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z]))")
_START = re.compile(r"^(\d+(?=[.)])|(?=[-+=]))")  # at the start of a line: a list or a heading


def text(value: object) -> str:
    """The value as it stands, on one line."""
    return _START.sub(r"\1\\", _SIGNS.sub(r"\\\1", " ".join(str(value).split())))


def code(value: object) -> str:
    """The value as code; as text if it has a sign that would end the code."""
    plain = " ".join(str(value).split())
    return text(plain) if not plain or "`" in plain or "|" in plain else f"`{plain}`"


def link(title: str, address: str) -> str:
    """A link to an address without blanks and angle brackets."""
    return f"[{text(title)}](<{address}>)"


def bullets(lines: Iterable[str]) -> str:
    """A list of lines that are Markdown already."""
    return "\n".join(f"- {line}" for line in lines)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table of cells that are Markdown already; the first `left` columns are words, the others figures."""
    marks = ["---" if column < left else "--:" for column in range(len(heads))]
    lines = [heads, marks, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def paragraphs(parts: Iterable[str]) -> str:
    """The parts that are not empty, with blank lines between them."""
    return "\n\n".join(part for part in parts if part)
