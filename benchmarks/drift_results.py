"""What the drift simulation found, as `docs/benchmarks/drift.json` keeps it, and its table."""

from pathlib import Path
from typing import Any

import msgspec
from scipy import stats

PLACE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "drift.json"
NAME = "drift-benchmark"  # of the comments around the table
COMPARED = ("false alarms a judgement", "false alarms a day", "detection")
HEADS = ("what", "traffic", "rule", "rows", "shift, sd", "of", "rate", "95 % interval")


class Rate(msgspec.Struct, frozen=True):
    """How often something happened, with the 95 % interval of Clopper and Pearson.

    Attributes:
        what: what was counted.
        rows: of the window.
        shift_sd: of the shifted feature, 0 of undrifted traffic.
    """

    what: str
    traffic: str
    rule: str
    rows: int
    shift_sd: float
    count: int
    of: int
    rate: float
    low: float
    high: float


class Results(msgspec.Struct, frozen=True):
    """One run of the simulation."""

    date: str
    machine: dict[str, str]
    settings: dict[str, Any]
    rates: list[Rate]

    def find(self, what: str, rule: str, rows: int, shift_sd: float = 0.0, traffic: str | None = None) -> Rate:
        """The rate of that kind, the first one.

        Raises:
            StopIteration: there is none.
        """
        wanted = (what, rule, rows, shift_sd)
        return next(
            one
            for one in self.rates
            if (one.what, one.rule, one.rows, one.shift_sd) == wanted and traffic in (None, one.traffic)
        )


def rate(what: str, traffic: str, rule: str, rows: int, shift_sd: float, count: int, of: int) -> Rate:
    """The rate with its interval."""
    exact = stats.binomtest(count, of).proportion_ci(0.95, method="exact")
    low, high = round(float(exact.low), 4), round(float(exact.high), 4)
    return Rate(what, traffic, rule, rows, shift_sd, count, of, round(count / of, 4), low, high)


def cells(one: Rate) -> tuple[str, ...]:
    """One line of the table."""
    shift = f"{one.shift_sd:g}" if one.shift_sd else ""
    interval = f"{_percent(one.low)} to {_percent(one.high)}"
    return (one.what, one.traffic, one.rule, f"{one.rows:,}", shift, f"{one.of:,}", _percent(one.rate), interval)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if 0 < share < 0.01 else f"{100 * share:.1f} %"


def screen(results: Results) -> str:
    """All rates as text for a terminal."""
    lines = [HEADS, *map(cells, results.rates)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    table = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([*table, "", conditions(results)])


def markdown(results: Results) -> str:
    """The tables for a document: a column for each rule, then the root causes."""
    rules = list(dict.fromkeys(one.rule for one in results.rates if one.what in COMPARED))
    heads = ("what", "traffic", "rows", "shift, sd", "of", *rules)
    compared: dict[tuple[str, ...], list[str]] = {}
    for one in results.rates:
        if one.what in COMPARED:
            what, traffic, _, rows, shift, of, share, interval = cells(one)
            shown = f"**{share}** ({interval})" if one.rule == rules[0] else share
            compared.setdefault((what, traffic, rows, shift, of), []).append(shown)
    lines = [heads, ("---", "---", *("--:" for _ in heads[2:])), *((*key, *row) for key, row in compared.items())]
    causes = [HEADS, ("---",) * 3 + ("--:",) * 5, *(cells(one) for one in results.rates if one.what not in COMPARED)]
    tables = ["\n".join(f"| {' | '.join(row)} |" for row in rows) for rows in (lines, causes)]
    return "\n\n".join([*tables, conditions(results)])


def conditions(results: Results) -> str:
    """What a reader needs to judge the rates."""
    settings = results.settings
    return (
        f"{results.date}, by `python -m benchmarks.drift`, {results.machine['libraries']}; verdicts from "
        f"{settings['minimum_rows']} rows, below that the early hints; a day is {settings['judgements_a_day']} "
        "judgements of separate rows, more than the overlapping windows of a real day; false alarms of any of the 14 "
        "columns, detection of the shifted one; in brackets the 95 % interval (Clopper and Pearson). All rules see "
        "repeated rows discounted."
    )


def encode(results: Results) -> bytes:
    """The run as it is kept."""
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


def read(path: Path = PLACE) -> Results:
    """The run that was kept.

    Raises:
        FileNotFoundError: there is none.
    """
    return msgspec.json.decode(path.read_bytes(), type=Results)
