"""The tables of materialization and look-ups: `python -m benchmarks.online_report docs/materialization.md` writes them.

They are of the two parts that `benchmarks.online_features` keeps in `docs/benchmarks/features.json`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.document import renew
from benchmarks.feature_results import Figure, Part, ratio, read

NAME = "online-benchmark"  # of the comments around the tables
FILLED = ("houses", "to", "s", "CPU s", "peak MB", "of which before", "Feast: s", "Feast: CPU s", "Feast: peak MB")
STORES = ("SQLite", "Redis")


def filled(part: Part) -> str:
    """What a materialization took, and Feast's own where it was measured."""
    rows = []
    for one in part.figures:
        feasts = part.limit_of(one)
        if one != feasts:
            ours = (one.seconds, one.cpu_seconds, one.peak_mb, one.base_mb)
            theirs = (feasts.seconds, feasts.cpu_seconds, feasts.peak_mb) if feasts else (None,) * 3
            figures = [
                _number(value, digits) for value, digits in zip((*ours, *theirs), (1, 1, 0, 0, 1, 1, 0), strict=True)
            ]
            rows.append((f"{one.houses:,}", one.subject.rpartition(" ")[2], *figures))
    return _table(FILLED, rows, texts=2)


def asked(part: Part) -> str:
    """Microseconds of the raw read, and how many times that the service's look-up and Feast's SDK take."""
    heads = ["houses", "asked for at once"]
    for store in STORES:
        heads += [f"raw {store}, p50 µs", "look-up : raw", "SDK : raw"]
    rows = []
    for size in dict.fromkeys((one.houses, one.rows) for one in part.figures):
        same = [one for one in part.figures if (one.houses, one.rows) == size]
        rows.append((*(f"{count:,}" for count in size), *(cell for store in STORES for cell in _compared(same, store))))
    return _table(heads, rows)


def _compared(same: Sequence[Figure], store: str) -> list[str]:
    by = {one.subject: one for one in same}
    raw, *others = (
        by.get(name) for name in (f"raw {store}", f"this service's look-up on {store}", f"Feast's SDK on {store}")
    )
    ratios = [ratio(one.p50_us if one else None, raw.p50_us if raw else None) for one in others]
    return [_number(raw.p50_us if raw else None, 0), *(_number(value, 1) for value in ratios)]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 0) -> str:
    rule = ["--:", *("---" if 0 < column < texts else "--:" for column in range(1, len(heads)))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *rows))


def markdown(parts: Sequence[Part]) -> str:
    """Both tables, and what a reader needs to judge them."""
    by = {part.name: part for part in parts}
    fill, look = by["materialization"], by["look-up"]
    machine = look.machine
    conditions = (
        f"{look.date}, {machine['cores']} cores ({machine['cpu']}, {machine['system']}), Python {machine['python']}, "
        f"load average {machine['load_before']} before the run; each house has three observations."
    )
    return "\n\n".join((filled(fill), asked(look), conditions))


def main() -> None:
    """Write the tables into the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.online_report", description=__doc__)
    parser.add_argument("document", type=Path)
    document = parser.parse_args().document
    renew(document, NAME, markdown(read()))
    sys.stdout.write(f"{document} has the tables of the last run.\n")


if __name__ == "__main__":
    main()
