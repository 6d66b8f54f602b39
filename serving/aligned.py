"""Tables of commands: columns with two blanks between them, for people and `awk`, however wide the terminal is."""

from collections.abc import Collection, Sequence


def aligned(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> str:
    """The titles and the rows, a line each; a column is as wide as its widest cell.

    Args:
        right: the titles of columns of numbers, which end under one another.
    """
    lines = [list(titles), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(titles))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if title in right else cell.ljust(width)
            for title, cell, width in zip(titles, line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
