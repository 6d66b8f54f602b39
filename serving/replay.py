"""A prediction rebuilt from its receipt, bit for bit: `python -m serving.replay RECEIPT [--row N] [--json]`.

It ends with 0 if the rebuilt prices are those that were answered, and with 1 if they are not or something is missing.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from serving.bundle import Metadata, deciding, read_bundle, read_metadata
from serving.errors import BundleError, NotRebuiltError, ServingError, UnknownReceiptError
from serving.pricing.predictor import Predictor
from serving.records.receipts import Header, Receipt, Served, read_receipt
from serving.records.spool import SPOOL
from serving.settings import read_settings


class Value(msgspec.Struct, frozen=True):
    """One feature of a replayed row; `event_time` only where the value came from the feature store."""

    feature: str
    value: float | None
    unit: str
    event_time: str | None


class Replayed(msgspec.Struct, frozen=True):
    """One row of a receipt and what became of it.

    Attributes:
        answered, rebuilt: the price and its bounds by name, in `unit`.
        identical: they are the same to the last bit.
    """

    receipt: str
    row: int
    time: str
    model: str
    version: str
    feature_service: str
    house_id: int | None
    features: list[Value]
    unit: str
    answered: dict[str, float]
    rebuilt: dict[str, float]
    identical: bool


def replay(text: str, spool: Path, models: Path, row: int | None = None) -> list[Replayed]:
    """The rows of a receipt, or the one that is asked for, each rebuilt with the bundle that answered.

    Raises:
        ServingError: the receipt is malformed, unknown or changed, or its bundle is not there as it was.
    """
    receipt = read_receipt(spool, text)
    metadata, rebuilt = rebuild(receipt, models)
    named = receipt.address.row if row is None else row
    count = len(receipt.served.rows)
    if named is not None and not 0 <= named < count:
        raise UnknownReceiptError(f"The receipt has the rows 0 to {count - 1}, no row {named}.")
    rows = range(count) if named is None else [named]
    return [_replayed(receipt, metadata, rebuilt[number], number) for number in rows]


def rebuild(receipt: Receipt, models: Path) -> tuple[Metadata, list[list[float]]]:
    """The bundle's metadata, and the answered values of all rows of the receipt, computed anew.

    All rows go through the model at once, as they did when they were answered.

    Raises:
        NotRebuiltError: the bundle is gone, or is another one.
    """
    metadata, files = _bundle(receipt.header, models)
    raw = np.array(receipt.served.rows, dtype=np.float64)
    prices = Predictor(metadata, files).predict(raw)
    columns = [prices.tolist()]
    if len(receipt.header.outputs) > 1:
        from serving.pricing.intervals import INTERVALS, Intervals

        if INTERVALS not in files:
            raise NotRebuiltError(
                f"The receipt has intervals, and the bundle v{metadata.model_version} no {INTERVALS}."
            )
        columns += [bound.tolist() for bound in Intervals(files[INTERVALS]).around(prices)]
    return metadata, [list(values) for values in zip(*columns, strict=True)]


def _bundle(header: Header, models: Path) -> tuple[Metadata, dict[str, bytes]]:
    folder = models / f"v{header.version}"
    try:
        known, told = deciding(read_metadata(folder).files), deciding(header.files)
        if changed := sorted(name for name in {*known, *told} if known.get(name) != told.get(name)):
            raise NotRebuiltError(
                f"{folder} is not the bundle that answered: {', '.join(changed)} have other digests than those in the "
                f"receipt. Put the bundle of {header.model} v{header.version} back."
            )
        return read_bundle(folder)
    except BundleError as err:
        raise NotRebuiltError(
            f"The bundle of {header.model} v{header.version} is not there as it was: {err.info} "
            "Put it back, or name its folder's parent in HPP_MODELS_DIR."
        ) from err


def _replayed(receipt: Receipt, metadata: Metadata, rebuilt: list[float], row: int) -> Replayed:
    header, served = receipt.header, receipt.served
    answered = list(served.prices[row])
    return Replayed(
        receipt=receipt.address.receipt,
        row=row,
        time=_moment(served.time),
        model=header.model,
        version=header.version,
        feature_service=header.feature_service,
        house_id=served.house_ids[row] if served.house_ids else None,
        features=_values(header, served, metadata, row),
        unit=metadata.units.get(metadata.target, ""),
        answered=dict(zip(header.outputs, answered, strict=True)),
        rebuilt=dict(zip(header.outputs, rebuilt, strict=True)),
        identical=np.array(answered).tobytes() == np.array(rebuilt).tobytes(),
    )


def _values(header: Header, served: Served, metadata: Metadata, row: int) -> list[Value]:
    observed = _moment(served.event_times[row]) if served.event_times else None
    return [
        Value(name, value, metadata.units.get(name, ""), None if name in served.overridden else observed)
        for name, value in zip(header.columns, served.rows[row], strict=True)
    ]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


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
    return "DIFFERENT: " + ", ".join(f"{name} {value!r}" for name, value in one.rebuilt.items())


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
