"""The tables of the training benchmark: `python -m benchmarks.training_report docs/training.md` writes them into it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.document import renew
from benchmarks.training_results import OURS, TALK, Nested, Timing, TrainingRun, read
from steps.core.quality import Difference

NAME = "training-benchmark"  # of the comments around the tables
# What the talk has: with ours there is one more.
THREE = ("all_features_tuned", "shap_top10_default", "shap_top10_tuned")
TITLES = {"nested": "Random folds", "grouped": "Folds that keep towns together (by RAD, TAX and PTRATIO: 78 groups)"}


def markdown(run: TrainingRun) -> str:
    """All tables."""
    parts = [_timings(run.timings)] if run.timings else []
    parts += [_nested(TITLES[kind], found) for kind, found in run.nested.items()]
    machine = run.machine
    conditions = (
        f"{run.date}, {machine['cores']} cores ({machine['cpu']}, {machine['system']}), Python {machine['python']}; "
        f"load average {machine['load_before']} before the run. {machine['libraries']}."
    )
    return "\n\n".join([*parts, conditions])


def _timings(timings: Sequence[Timing]) -> str:
    heads = ("houses", "experiment", "fits", "configuration", "s", "CPU s", "s : the talk's", "CPU : the talk's")
    lines = [_row(heads), _row(("--:", "---", "--:", "---", "--:", "--:", "--:", "--:"))]
    lines += [_line(one, _peer(timings, one)) for one in _with_sums(timings)]
    return "\n".join(lines)


def _with_sums(timings: Sequence[Timing]) -> list[Timing]:
    """The timings, and for 506 houses the sum of the talk's three experiments of each side first."""
    least = min(one.rows for one in timings)
    sums = []
    for side in dict.fromkeys(one.side for one in timings):
        parts = [one for one in timings if (one.side, one.rows) == (side, least) and one.experiment in THREE]
        if len(parts) == len(THREE):
            total = {name: sum(getattr(one, name) for one in parts) for name in ("fits", "seconds", "cpu_seconds")}
            sums.append(parts[0].model_copy(update={**total, "experiment": "the three together"}))
    return [*sums, *timings]


def _peer(timings: Sequence[Timing], one: Timing) -> Timing | None:
    same = (
        other
        for other in _with_sums(timings)
        if (other.side, other.rows, other.experiment) == (TALK, one.rows, one.experiment)
    )
    return next(same, None)


def _line(one: Timing, peer: Timing | None) -> str:
    ratios = ("", "")
    if peer:
        ratios = (_ratio(one.seconds, peer.seconds), _ratio(one.cpu_seconds, peer.cpu_seconds))
    side = f"**{one.side}**" if one.side == OURS else one.side
    figures = (f"{one.seconds:,.1f}", f"{one.cpu_seconds:,.1f}")
    return _row((f"{one.rows:,}", one.experiment, str(one.fits), side, *figures, *ratios))


def _ratio(value: float, other: float) -> str:
    return f"1/{other / value:.1f}" if value < other else f"{value / other:.2f}"


def _nested(title: str, found: Nested) -> str:
    first = found.standings[0].mean_rmse
    heads = ("procedure", "RMSE", "± folds", "R²", "MAE", "first : this", "first minus this, 95 % interval", "p")
    lines = [_row(heads), _row(("---", *("--:" for _ in heads[1:])))]
    for one in found.standings:
        figures = (f"{one.mean_rmse:.3f}", f"{one.sd_rmse:.2f}", f"{one.mean_r2:.3f}", f"{one.mean_mae:.2f}")
        ratio = "" if one.difference is None else f"{first / one.mean_rmse:.3f}"
        lines.append(_row((one.name, *figures, ratio, *_difference(one.difference))))
    size = "{} candidates on {} inner folds".format(*found.search)
    conditions = (
        f"{title}: {found.repeats} x {found.folds} outer folds of 506 houses, seed {found.seed}; searches: {size}."
    )
    return f"{conditions}\n\n" + "\n".join(lines)


def _difference(found: Difference | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})", f"{found.p_value:.3f}"


def _row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"


def main() -> None:
    """Write the tables into the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_report", description=__doc__)
    parser.add_argument("document", type=Path)
    document = parser.parse_args().document
    renew(document, NAME, markdown(read()))
    sys.stdout.write(f"{document} has the tables of the last run.\n")


if __name__ == "__main__":
    main()
