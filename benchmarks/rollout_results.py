"""The figures of the rollout's simulation, as docs/benchmarks/rollout.json keeps them, and their table."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from scipy import stats

from serving.rollouts.rules import Rules

PLACE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "rollout.json"
NAME = "rollout-benchmark"  # of the comments around the tables
STATED = 50  # a bad challenger is to be rolled back after so many of its requests
HEADS = ("challenger", "runs", "decided so", f"within {STATED}", "after: median", "95 %", "by")
TITLES = {
    "bad": "rolled back, before any true price",
    "good": "rolled back wrongly, true prices coming at once",
    "better": "promoted, by true prices",
}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of challenger fared.

    Attributes:
        decided: runs that ended with the action that is counted; low, high: their share's 95 % interval (Clopper and
            Pearson).
        within: of them after at most STATED houses.
        median, most: of the houses it took, in the runs that were decided: the median and the 95th percentile.
        tests: which tests decided, and how often.
    """

    group: Literal["bad", "good", "better"]
    name: str
    runs: int
    decided: int
    within: int
    low: float
    high: float
    median: float | None
    most: float | None
    houses: int
    tests: dict[str, int]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the simulation, with its conditions."""

    date: str
    machine: dict[str, str]
    rules: Rules
    cases: list[Case]


def summary(
    group: Literal["bad", "good", "better"], name: str, outcomes: Sequence[tuple[str, str, int]], action: str
) -> Case:
    """The case in figures.

    Args:
        outcomes: of each run the action, the test that decided, and after how many houses.
        action: the one that is counted.
    """
    counts = [count for did, _, count in outcomes if did == action]
    share = stats.binomtest(len(counts), len(outcomes)).proportion_ci(0.95, method="exact")
    return Case(
        group=group,
        name=name,
        runs=len(outcomes),
        decided=len(counts),
        within=sum(count <= STATED for count in counts),
        low=round(float(share.low), 4),
        high=round(float(share.high), 4),
        median=float(np.median(counts)) if counts else None,
        most=float(np.quantile(counts, 0.95, method="higher")) if counts else None,
        houses=max(count for _, _, count in outcomes),
        tests=dict(Counter(test for did, test, _ in outcomes if did == action)),
    )


def encode(results: Results) -> bytes:
    """The results as they are kept."""
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


def read(path: Path = PLACE) -> Results:
    """The results that were kept."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def with_group(kept: Sequence[Case], new: Sequence[Case]) -> list[Case]:
    """The cases with the new ones in the place of those of their group, bad ones first."""
    groups = {case.group for case in new}
    cases = [case for case in kept if case.group not in groups] + list(new)
    return sorted(cases, key=lambda case: list(TITLES).index(case.group))


def _cells(case: Case) -> tuple[str, ...]:
    return (
        case.name,
        str(case.runs),
        f"{case.decided} ({case.low:.1%} to {case.high:.1%})",
        f"{case.within / case.runs:.0%}",
        "" if case.median is None else f"{case.median:.0f}",
        "" if case.most is None else f"{case.most:.0f}",
        ", ".join(f"{test} {count}" for test, count in case.tests.items()),
    )


def screen(results: Results) -> str:
    """All cases as text for a terminal."""
    lines = [HEADS, *(_cells(case) for case in results.cases)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    return (
        "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
        + "\n"
    )


def markdown(results: Results) -> str:
    """The tables of a document, one a group, and the conditions."""
    parts = []
    for group, title in TITLES.items():
        rows = [_cells(case) for case in results.cases if case.group == group]
        table = [HEADS, tuple("---" for _ in HEADS), *rows]
        parts.append(f"**{title[0].upper()}{title[1:]}**\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in table))
    machine = results.machine
    parts.append(
        f"{results.date}, {machine['libraries']}; the traffic is the houses that no model saw, two fifths of 506, each "
        "once. The intervals in brackets are of 95 %, after Clopper and Pearson."
    )
    return "\n\n".join(parts)
