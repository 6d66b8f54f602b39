"""The tables of a run: on the screen, and in a document between two comments.

`python -m benchmarks.report README.md [--connections N]` writes the tables of `docs/benchmarks/serving.json` into it.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.document import renewed
from benchmarks.results import Figures, Run, read
from serving.files import write_atomically

SECTION = "serving-benchmark"
CONNECTIONS = 32
HEADS: tuple[str, ...] = (
    "",
    "asked for",
    "conn",
    "req/s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "CPU us/request",
    "CPU us/row",
)
HEADS += ("CPU : FastAPI", "CPU : static", "req/s : FastAPI", "p99 : FastAPI")


def cells(run: Run, one: Figures) -> tuple[str, ...]:
    """One line of the table: the figures, then their ratios to FastAPI and to the static answer."""
    peer, floor = run.fastapi_for(one), run.static_for(one)
    return (
        one.target,
        f"{one.rows} rows" if one.rows > 1 else one.request,
        str(one.connections),
        f"{one.requests_per_s:,.0f}",
        *(f"{value:.2f}" for value in (one.p50_ms, one.p95_ms, one.p99_ms)),
        f"{one.cpu_us:,.0f}",
        f"{one.cpu_us / one.rows:,.1f}",
        _ratio(one.cpu_us, peer.cpu_us),
        _ratio(one.cpu_us, floor.cpu_us),
        _ratio(one.requests_per_s, peer.requests_per_s),
        _ratio(one.p99_ms, peer.p99_ms),
    )


def _ratio(value: float, other: float) -> str:
    """A ratio as people say it: `1/6.2` below one, `2.5` above."""
    ratio = value / other if other else float("nan")
    return f"{ratio:.2f}" if not 0 < ratio < 0.995 else f"1/{1 / ratio:.1f}"


def screen(run: Run) -> str:
    """All figures as text for a terminal."""
    lines = [HEADS, *(cells(run, one) for one in run.figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    table = ["  ".join(_aligned(line, widths)) for line in lines]
    return "\n".join([*table, "", *(_footprints(run)), "", _conditions(run)])


def _aligned(line: tuple[str, ...], widths: list[int]) -> list[str]:
    return [
        text.ljust(width) if column < 2 else text.rjust(width)
        for column, (text, width) in enumerate(zip(line, widths, strict=True))
    ]


def _footprints(run: Run) -> list[str]:
    return [
        f"{one.target}: {one.worker_mb:.0f} MB a worker, {one.all_processes_mb:.0f} MB in all processes, "
        f"first answer after {one.cold_start_s:.1f} s"
        for one in run.footprints
    ]


def _conditions(run: Run) -> str:
    machine = run.machine
    return (
        f"{run.date}, {machine['cores']} cores ({machine['cpu']}, {machine['system']}), Python {machine['python']}, "
        f"{run.workers} workers each, wrk on the same machine, medians of {run.rounds} alternating rounds of "
        f"{run.seconds} s; load average {machine['load_before']} before the run. {machine['libraries']}."
    )


def markdown(run: Run, connections: int = CONNECTIONS) -> str:
    """The tables for a document, at one number of connections."""
    lines = [_row(HEADS), _row(("---", "---", *("--:" for _ in HEADS[2:])))]
    lines += [_row(cells(run, one)) for one in run.figures if one.connections == connections]
    lines += ["", *(f"- {line}" for line in _footprints(run)), "", _conditions(run)]
    return "\n".join(lines)


def _row(values: tuple[str, ...]) -> str:
    return f"| {' | '.join(values)} |"


def main() -> None:
    """Write the tables into the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="the table shows this one of the loads")
    wanted = parser.parse_args()
    text = renewed(wanted.document.read_text(), SECTION, markdown(read(), wanted.connections))
    write_atomically(wanted.document, text.encode())
    sys.stdout.write(f"{wanted.document} has the tables of the last run.\n")


if __name__ == "__main__":
    main()
