"""What a change does to quality and speed, as a comment for its pull request.

`python -m benchmarks.delta BASE HEAD`: folders with `outcome.json` (`python -m steps.training_outcome --output`) and
`serving.json` (`python -m benchmarks.serving --output`) of the branch that is merged into and of the change, both made
on the same machine. A missing file is said to be missing, never guessed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.results import SERVICE, Figures, Run
from steps.training_outcome import Outcome

MARK = "<!-- quality-delta -->"  # by which the comment of an earlier push is found
# Another training seed alone moves the RMSE by 0.11 to this, in thousands of US dollars (docs/training.md).
SEED_NOISE = 0.25
# A smaller fall of the ratio is not called slower: chosen, not measured.
SPEED_NOISE = 0.2


def comment(base: Path, head: Path) -> str:
    """The comment, in Markdown."""
    before, after = (_read(folder / "outcome.json", Outcome) for folder in (base, head))
    quick, now = (_read(folder / "serving.json", Run) for folder in (base, head))
    parts = [MARK, "## Quality and speed against the base branch", quality(before, after), speed(quick, now)]
    return "\n\n".join(parts) + "\n"


def quality(before: Outcome | None, after: Outcome | None) -> str:
    """The table of the experiments, and the gate's word."""
    if before is None or after is None:
        return _absent("outcome.json", before, after)
    lines = ["| experiment | CV RMSE before | CV RMSE now | difference | test RMSE now |", "|---|---|---|---|---|"]
    for name in sorted(before.experiments.keys() | after.experiments.keys()):
        one, other = before.experiments.get(name), after.experiments.get(name)
        mark = f"**{_cell(name)}**" if name == after.champion else _cell(name)
        difference = f"{other['cv_rmse'] - one['cv_rmse']:+.2f}" if one and other else "new" if other else "gone"
        test = f"{other['test_rmse']:.2f}" if other else ""
        lines.append(f"| {mark} | {_spread(one)} | {_spread(other)} | {difference} | {test} |")
    lines += ["", "CV RMSE: mean ± standard deviation of a fold, in thousands of US dollars; bold: the champion."]
    lines += [
        _judged(before, after),
        f"Gate before: {before.outcome}. Gate now: **{after.outcome}**: {_cell(after.reason)}",
    ]
    return "\n".join(lines)


def _judged(before: Outcome, after: Outcome) -> str:
    one, other = before.experiments.get(before.champion), after.experiments.get(after.champion)
    if not one or not other:
        return "One of the runs has no champion to compare."
    difference = other["cv_rmse"] - one["cv_rmse"]
    if abs(difference) <= SEED_NOISE:
        return f"The champions differ by {difference:+.2f}: no more than another training seed does ({SEED_NOISE})."
    return f"The champion is {'better' if difference < 0 else 'WORSE'} by {abs(difference):.2f}: more than a seed does."


def speed(before: Run | None, after: Run | None) -> str:
    """The table of the service's loads; ratios to FastAPI in the same run, since machines differ."""
    if before is None or after is None:
        return _absent("serving.json", before, after)
    lines = [
        "| asked for | connections | req/s ÷ FastAPI before | now | change | p99 ms now |",
        "|---|---|---|---|---|---|",
    ]
    slower = []
    for one in (figure for figure in after.figures if figure.target == SERVICE):
        other = next((each for each in before.figures if _same(each, one)), None)
        now, was = _ratio(after, one), _ratio(before, other) if other else None
        change = f"{now / was - 1:+.0%}" if was else "new"
        if was and now < was * (1 - SPEED_NOISE):
            slower.append(f"{one.request}, {one.connections} connections")
        told = f"{was:.2f}" if was else ""
        lines.append(f"| {one.request} | {one.connections} | {told} | {now:.2f} | {change} | {one.p99_ms:.2f} |")
    verdict = (
        f"SLOWER by more than {SPEED_NOISE:.0%}: {'; '.join(slower)}." if slower else "No load is slower than noise."
    )
    return "\n".join([*lines, "", verdict])


def _same(one: Figures, other: Figures) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("target", "request", "rows", "connections"))


def _ratio(run: Run, one: Figures) -> float:
    return one.requests_per_s / run.fastapi_for(one).requests_per_s


def _spread(figures: dict[str, float] | None) -> str:
    return f"{figures['cv_rmse']:.2f} ± {figures['cv_rmse_sd']:.2f}" if figures else ""


def _absent(name: str, before: object, after: object) -> str:
    sides = [side for side, found in (("the base branch", before), ("this change", after)) if found is None]
    return f"{name} of {' and of '.join(sides)} is missing: nothing to compare."


def _cell(text: str) -> str:
    """The text without what would be markup: it may come from a change that nobody has read yet."""
    safe = "".join(character for character in text if character.isprintable() and character not in "|<>`[]@*#\\")
    return safe[:400]


def _read[Kept](path: Path, kind: type[Kept]) -> Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the comment."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delta", description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("head", type=Path)
    wanted = parser.parse_args(arguments)
    sys.stdout.write(comment(wanted.base, wanted.head))


if __name__ == "__main__":
    main()
