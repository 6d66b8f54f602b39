"""A generated table in a document, between two comments of its name."""

from pathlib import Path

from serving.files import write_atomically


def markers(name: str) -> tuple[str, str]:
    """The comments around the table of that name."""
    return f"<!-- {name}:start -->", f"<!-- {name}:end -->"


def section(text: str, name: str) -> str:
    """What stands between the two comments of a document.

    Raises:
        SystemExit: the comments are not there, once each and in this order.
    """
    start, end = markers(name)
    before, found, rest = text.partition(start)
    inside, ended, after = rest.partition(end)
    if not found or not ended or start in inside + after or end in before + after:
        raise SystemExit(f"The document needs the lines {start} and {end}, once each, around the table.")
    return inside.strip("\n")


def renewed(text: str, name: str, table: str) -> str:
    """The document with this table between the two comments."""
    section(text, name)
    start, end = markers(name)
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{table}\n{end}{after}"


def renew(document: Path, name: str, table: str) -> None:
    """Put this table between the two comments of the file."""
    write_atomically(document, renewed(document.read_text(), name, table).encode())
