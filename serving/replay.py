"""A prediction rebuilt from its receipt, bit for bit: `python -m serving.replay RECEIPT [--row N] [--json]`.

It ends with 0 if the rebuilt prices are those that were answered, and with 1 if they are not or something is missing.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from serving.errors import ServingError
from serving.records.rebuilding import Replayed, replay
from serving.records.spool import SPOOL
from serving.settings import read_settings


def table(one: Replayed) -> str:
    """The row as text for a person."""
    house = "" if one.house_id is None else f", house {one.house_id}"
    lines = [f"{one.receipt}/{one.row}", f"{one.model} v{one.version}, {one.feature_service}, {one.time}{house}", ""]
    cells = [("feature", "value", "unit", "event time")]
    cells += [
        (each.feature, "missing" if each.value is None else repr(each.value), each.unit, each.event_time or "sent")
        for each in one.features
    ]
    cells += [(name, repr(value), one.unit, "answered") for name, value in one.answered.items()]
    widths = [max(len(cell[column]) for cell in cells) for column in range(4)]
    lines += ["  ".join(text.ljust(width) for text, width in zip(cell, widths, strict=True)).rstrip() for cell in cells]
    return "\n".join([*lines, "", f"rebuilt: {_verdict(one)}"])


def _verdict(one: Replayed) -> str:
    if one.identical:
        return "identical"
    return "DIFFERENT: " + ", ".join(f"{name} {value!r}" for name, value in (one.rebuilt or {}).items())


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if all is identical, 1 if not."""
    parser = argparse.ArgumentParser(prog="python -m serving.replay", description=__doc__)
    parser.add_argument("receipt", help="meta.tags.receipt of a reply, or <receipt>/<row>")
    parser.add_argument("--row", type=int, help="one row of the receipt, from 0; all if left out")
    parser.add_argument("--json", action="store_true", help="a list of objects, one a row")
    wanted = parser.parse_args(arguments)
    settings = read_settings()
    try:
        rows = replay(wanted.receipt, settings.profiles_dir / SPOOL, settings.models_dir, wanted.row)
    except ServingError as err:
        fault: dict[str, Any] = {"identical": False, "reason": err.reason, "info": err.info}
        sys.stderr.write((msgspec.json.encode(fault).decode() if wanted.json else f"not rebuilt: {err.info}") + "\n")
        return 1
    text = msgspec.json.encode(rows).decode() if wanted.json else "\n\n".join(table(row) for row in rows)
    sys.stdout.write(text + "\n")
    return 0 if all(row.identical for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
