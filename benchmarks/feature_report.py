"""The table of the offline join: on the screen, and in a document."""

from benchmarks.feature_results import Figure, Part, ratio

NAME = "feature-benchmark"  # of the comments around the table
HEADS = ("houses", "join", "s", "CPU s", "peak MB", "time : raw", "CPU : raw", "memory : raw", "us a row", "remark")


def cells(part: Part, one: Figure) -> tuple[str, ...]:
    """One line: the figures, their ratios to the raw join at the same size, and processor time a row (the growth)."""
    limit = part.limit_of(one)
    ratios = [ratio(getattr(one, n), getattr(limit, n, None)) for n in ("seconds", "cpu_seconds", "peak_mb")]
    each = ratio(one.cpu_seconds, one.rows)
    return (
        f"{one.houses:,}",
        one.subject,
        *(_number(value, digits) for value, digits in ((one.seconds, 2), (one.cpu_seconds, 2), (one.peak_mb, 0))),
        *(_number(value, 2) for value in ratios),
        _number(each * 1e6 if each else None, 1),
        one.note,
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def screen(part: Part) -> str:
    """All figures as text for a terminal."""
    lines = [HEADS, *(cells(part, one) for one in part.figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    table = ["  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([*table, "", conditions(part)])


def markdown(part: Part) -> str:
    """The table for a document."""
    rows = [HEADS, ("--:", "---", *("--:" for _ in HEADS[2:-1]), "---"), *(cells(part, one) for one in part.figures)]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", conditions(part)])


def conditions(part: Part) -> str:
    """What a reader needs to judge the figures."""
    known = part.machine
    return (
        f"{part.date}, {known['cores']} cores ({known['cpu']}, {known['system']}), Python {known['python']}, "
        f"load average {known['load_before']} before the run; medians of {part.rounds} alternating rounds, each answer "
        "from a process of its own; a row is one house of the question, a history has three snapshots of each."
    )
