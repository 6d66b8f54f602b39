"""What the simulation of live errors found, as `docs/benchmarks/live_error.json` keeps it, and its tables."""

from pathlib import Path
from typing import Any

import msgspec
from scipy import stats

PLACE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "live_error.json"
NAME = "live-error-benchmark"  # of the comments around the tables


class Rate(msgspec.Struct, frozen=True):
    """How often a rule called a model worse than promised, with the 95 % interval of Clopper and Pearson.

    Attributes:
        what: what was counted.
        model: what had become of it.
        truths: within so many true prices.
    """

    what: str
    model: str
    rule: str
    truths: int
    count: int
    of: int
    rate: float
    low: float
    high: float


class Missed(msgspec.Struct, frozen=True):
    """How far an estimate is from the true error of a kind of window, on average, in 1000 USD.

    Attributes:
        mae, rmse: by how much it misses each.
    """

    kind: str
    estimator: str
    mae: float
    rmse: float
    windows: int


class Results(msgspec.Struct, frozen=True):
    """One run of the simulation."""

    date: str
    machine: dict[str, str]
    settings: dict[str, Any]
    rates: list[Rate]
    missed: list[Missed]

    def find(self, what: str, model: str, rule: str, truths: int) -> Rate:
        """The rate of that kind.

        Raises:
            StopIteration: there is none.
        """
        wanted = (what, model, rule, truths)
        return next(one for one in self.rates if (one.what, one.model, one.rule, one.truths) == wanted)


def rate(what: str, model: str, rule: str, truths: int, count: int, of: int) -> Rate:
    """The rate with its interval."""
    exact = stats.binomtest(count, of).proportion_ci(0.95, method="exact")
    return Rate(what, model, rule, truths, count, of, round(count / of, 4), round(exact.low, 4), round(exact.high, 4))


def lines_of_rates(results: Results) -> list[list[str]]:
    """A line for each thing that was counted, a column for each rule; the first is the platform's."""
    rules = list(dict.fromkeys(one.rule for one in results.rates))
    lines: dict[tuple[str, ...], list[str]] = {}
    for one in results.rates:
        share = _percent(one.rate)
        shown = f"**{share}** ({_percent(one.low)} to {_percent(one.high)})" if one.rule == rules[0] else share
        lines.setdefault((one.what, one.model, str(one.truths), f"{one.of:,}"), []).append(shown)
    return [["what", "model", "true prices", "of", *rules], *([*key, *found] for key, found in lines.items())]


def lines_of_missed(results: Results) -> list[list[str]]:
    """A line for each kind of window, a column for each estimate; the first is the platform's."""
    names = list(dict.fromkeys(one.estimator for one in results.missed))
    lines: dict[tuple[str, ...], list[str]] = {}
    for one in results.missed:
        off = f"{one.mae:.2f} / {one.rmse:.2f}"
        shown = f"**{off}**" if one.estimator == names[0] else off
        lines.setdefault((one.kind, str(one.windows)), []).append(shown)
    return [["MAE / RMSE missed by", "windows", *names], *([*key, *found] for key, found in lines.items())]


def conditions(results: Results) -> str:
    """How the figures came about."""
    return (
        f"{results.date}, by `python -m benchmarks.live_error`, {results.machine['libraries']}; held-out houses of "
        "random splits, ten true prices a day, looked at after each one from the 20th on; in brackets the 95 % "
        "interval (Clopper and Pearson). The other rules: Welch's t-test of the absolute errors against the "
        "out-of-fold ones at p < 0.05, and at 1 % a day shared out over 24 looks; an RMSE above the cross-validated "
        "one by two standard deviations of its folds."
    )


def screen(results: Results) -> str:
    """All figures as text for a terminal."""
    parts = [_columns(lines) for lines in (lines_of_rates(results), lines_of_missed(results))]
    return "\n\n".join([*parts, conditions(results)]).replace("**", "")


def markdown(results: Results) -> str:
    """The tables for a document."""
    parts = [_table(lines, left) for lines, left in ((lines_of_rates(results), 2), (lines_of_missed(results), 1))]
    return "\n\n".join([*parts, conditions(results)])


def _table(lines: list[list[str]], left: int) -> str:
    heads, *rows = lines
    rule = ["---"] * left + ["--:"] * (len(heads) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def _columns(lines: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if 0 < share < 0.01 else f"{100 * share:.1f} %"


def encode(results: Results) -> bytes:
    """The results as a file."""
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


def read(path: Path = PLACE) -> Results:
    """The run that was kept.

    Raises:
        FileNotFoundError: there is none.
    """
    return msgspec.json.decode(path.read_bytes(), type=Results)
