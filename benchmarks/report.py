"""The tables of a run: on the screen, and in a document between two comments.

`python -m benchmarks.report DOCUMENT [--connections N]` writes those of `docs/benchmarks/serving.json` into it: into
README.md all figures, into docs/operations.md what a core can do.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.document import markers, renew
from benchmarks.results import SERVICE, Figures, Run, read

SECTION, CAPACITY = "serving-benchmark", "capacity"
CONNECTIONS = 32
ASKED = {"row": "one house by its features", "house id": "one house by its id, SQLite, 1 s of cache"}
HEADS: tuple[str, ...] = (
    "target",
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


def capacity(run: Run, connections: int = CONNECTIONS) -> str:
    """What a core can do a second, by the processor time of a request, beside what was measured at that load."""
    heads = (
        "asked for",
        "CPU µs",
        "a core, one second",
        f"measured, {run.machine['cores']} cores, {connections} connections",
    )
    lines = [_row(heads), _row(("---", "--:", "--:", "--:"))]
    for one in run.figures:
        if (one.target, one.connections) == (SERVICE, connections):
            each = round(1e6 / one.cpu_us, -2)
            asked = ASKED[one.request] if one.rows == 1 else f"{one.rows} houses in a request"
            houses = f", {each * one.rows:,.0f} houses" if one.rows > 1 else ""
            measured = f"{one.requests_per_s:,.0f} requests/s, p99 {one.p99_ms:.1f} ms"
            lines.append(_row((asked, f"{one.cpu_us:,.0f}", f"{each:,.0f} requests{houses}", measured)))
    (own,) = (one for one in run.footprints if one.target == SERVICE)
    memory = (
        f"A worker takes {own.worker_mb:.0f} MB, all processes of a service with {run.workers} workers "
        f"{own.all_processes_mb:.0f} MB."
    )
    return "\n".join([*lines, "", memory])


def _row(values: tuple[str, ...]) -> str:
    return f"| {' | '.join(values)} |"


TABLES = {SECTION: markdown, CAPACITY: capacity}


def main() -> None:
    """Write into the document what it has the comments of."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="the table shows this one of the loads")
    wanted = parser.parse_args()
    page = CAPACITY if markers(CAPACITY)[0] in wanted.document.read_text() else SECTION
    renew(wanted.document, page, TABLES[page](read(), wanted.connections))
    sys.stdout.write(f"{wanted.document} has the tables of the last run.\n")


if __name__ == "__main__":
    main()
