"""The point-in-time join at 10,000 to a million houses, beside the same join straight on the files.

`make bench-features`, or `python -m benchmarks.features [--houses N …] [--rounds N] [--output FILE] [--document FILE]`

Every answer comes from a process of its own, so that its memory is its own; subjects take turns in each round. Read the
ratios: seconds depend on the machine. What one subject cannot do within the time and memory it is given is left out of
the larger sizes, and the table says so.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks import machine
from benchmarks.document import renew
from benchmarks.feature_report import NAME, markdown, screen
from benchmarks.feature_results import PLACE, Figure, Part, encode, median, read, with_part
from benchmarks.generated_houses import write_history
from benchmarks.offline_subjects import DASK, DUCKDB, MERGE, OURS, RAW, Measured
from benchmarks.watched import each, say, watched
from serving.contract import HOUSE_FEATURES, FeatureSpec, read_feature_view
from serving.files import write_atomically
from serving.settings import read_settings
from steps.feature_store.definitions import apply_definitions

PART = "offline join"
SUBJECTS = (RAW, OURS, MERGE, DUCKDB, DASK)
ONCE = (DUCKDB, DASK)  # in the first round alone: they are many times away
HOUSES, SNAPSHOTS, SEED = (10_000, 100_000, 1_000_000), 3, 7
LIMIT_S, LIMIT_GB = 300, 12


def ask(name: str, folder: Path, specs: Sequence[FeatureSpec], houses: int) -> Measured | str:
    """What one process measured, or why it has no answer."""
    command = [sys.executable, "-m", "benchmarks.offline_subjects", name, str(folder), str(houses)]
    command += [str(SNAPSHOTS), str(SEED), *(spec.name for spec in specs)]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_GB * 10**9,) * 2)

    try:
        done = subprocess.run(  # noqa: S603  # our own module
            command, capture_output=True, text=True, timeout=LIMIT_S, preexec_fn=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not within {LIMIT_S} s"
    if done.returncode:
        sys.stderr.write(done.stderr[-2000:])
        return f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1][:120]}"
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Measured)


def figure(name: str, houses: int, measured: Measured | str) -> Figure:
    """The figure of one answer."""
    if isinstance(measured, str):
        return Figure(PART, name, RAW, houses, houses, note=measured)
    seconds, cpu, peak, base = measured.seconds, measured.cpu_seconds, measured.peak_mb, measured.base_mb
    note = "" if measured.rows == houses else f"{measured.rows:,} of {houses:,} rows"
    notes = ", ".join(filter(None, [note, "one round" if name in ONCE else ""]))
    return Figure(PART, name, RAW, houses, houses, seconds, cpu, peak, base, note=notes)


def run(sizes: Sequence[int], rounds: int, specs: Sequence[FeatureSpec], folder: Path) -> list[Figure]:
    """The medians of all subjects at all sizes; who failed is not asked at larger ones."""
    figures: list[Figure] = []
    out: dict[str, str] = {}
    for houses in sorted(sizes):
        place = folder / str(houses)
        write_history(place / f"{HOUSE_FEATURES}.parquet", specs, houses, SNAPSHOTS, SEED)
        seen: dict[str, list[Figure]] = {name: [] for name in SUBJECTS}
        turns = [(number, name) for number in range(rounds) for name in SUBJECTS if not (number and name in ONCE)]
        for number, name in each(turns, f"{houses:,} houses", "turns"):
            if name in out:
                continue
            say(f"{houses:,} houses, round {number + 1} of {rounds}: {name}")
            one = figure(name, houses, ask(name, place, specs, houses))
            seen[name].append(one)
            if one.seconds is None:
                out[name] = one.note
        for name, found in seen.items():
            figures.append(median(found) if found else figure(name, houses, f"skipped: {out[name]} with fewer houses"))
    return figures


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features", description=__doc__)
    parser.add_argument("--houses", type=int, nargs="+", default=list(HOUSES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=PLACE)
    parser.add_argument("--document", type=Path, help="whose table is renewed, as docs/features.md")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, print the table and keep the figures."""
    wanted = parse(sys.argv[1:])
    known = machine.describe()
    with tempfile.TemporaryDirectory(prefix="hpp-bench-features-") as folder:
        registry = f'{{registry_type: sql, path: "sqlite:///{folder}/feast/registry.db"}}'
        os.environ.update(
            {"HPP_VAR_DIR": folder, "HPP_OFFLINE_DIR": f"{folder}/feast/offline", "HPP_REGISTRY": registry}
        )
        specs = read_feature_view(apply_definitions(read_settings()), HOUSE_FEATURES)
        with watched():
            figures = run(wanted.houses, wanted.rounds, specs, Path(folder))
    part = Part(PART, datetime.now(UTC).date().isoformat(), wanted.rounds, known, figures)
    wanted.output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(wanted.output, encode(with_part(read(wanted.output), part)))
    if wanted.document:
        renew(wanted.document, NAME, markdown(part))
    sys.stdout.write(f"{screen(part)}\n\nKept in {wanted.output}\n")


if __name__ == "__main__":
    main()
