"""Predictions rebuilt from their receipts, bit for bit, with the bundle that answered."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from serving.bundle import Metadata, deciding, read_bundle, read_metadata
from serving.errors import BundleError, NotRebuiltError, UnknownReceiptError
from serving.pricing.intervals import INTERVALS, Intervals
from serving.pricing.predictor import Predictor
from serving.records.receipts import Header, Receipt, Served, read_receipt


class Value(msgspec.Struct, frozen=True):
    """One feature of a replayed row; `event_time` only where the value came from the feature store."""

    feature: str
    value: float | None
    unit: str
    event_time: str | None


class Replayed(msgspec.Struct, frozen=True):
    """One row of a receipt and what became of it.

    Attributes:
        answered, rebuilt: the price and its bounds by name, in `unit`; `rebuilt` is None where that cannot be done.
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
    rebuilt: dict[str, float] | None
    identical: bool


class Rebuilder(NamedTuple):
    """A bundle's model, loaded once more."""

    metadata: Metadata
    predictor: Predictor
    intervals: Intervals | None

    def rows(self, receipt: Receipt) -> list[list[float]]:
        """The answered values of all rows of the receipt, computed anew.

        All rows go through the model at once, as they did when they were answered.

        Raises:
            NotRebuiltError: the receipt has intervals and the bundle none.
        """
        prices = self.predictor.predict(np.array(receipt.served.rows, dtype=np.float64))
        columns = [prices.tolist()]
        if len(receipt.header.outputs) > 1:
            if self.intervals is None:
                version = self.metadata.model_version
                raise NotRebuiltError(f"The receipt has intervals, and the bundle v{version} no {INTERVALS}.")
            columns += [bound.tolist() for bound in self.intervals.around(prices)]
        return [list(values) for values in zip(*columns, strict=True)]


Load = Callable[[Header, Path], Rebuilder]


def load(header: Header, models: Path) -> Rebuilder:
    """The model that the receipts of this header were made with.

    Raises:
        NotRebuiltError: the bundle is gone, or is another one.
    """
    check_bundle(header, models)
    try:
        metadata, files = read_bundle(models / f"v{header.version}")
        intervals = Intervals(files[INTERVALS]) if INTERVALS in files else None
        return Rebuilder(metadata, Predictor(metadata, files), intervals)
    except BundleError as err:
        raise _not_as_it_was(header, err) from err


def check_bundle(header: Header, models: Path) -> None:
    """Nothing, if the bundle in the folder says that it is the one that answered.

    Raises:
        NotRebuiltError: it is gone, or is another one.
    """
    folder = models / f"v{header.version}"
    try:
        known, told = deciding(read_metadata(folder).files), deciding(header.files)
    except BundleError as err:
        raise _not_as_it_was(header, err) from err
    if changed := sorted(name for name in {*known, *told} if known.get(name) != told.get(name)):
        raise NotRebuiltError(
            f"{folder} is not the bundle that answered: {', '.join(changed)} have other digests than those in the "
            f"receipt. Put the bundle of {header.model} v{header.version} back."
        )


def _not_as_it_was(header: Header, err: BundleError) -> NotRebuiltError:
    return NotRebuiltError(
        f"The bundle of {header.model} v{header.version} is not there as it was: {err.info} "
        "Put it back, or name its folder's parent in HPP_MODELS_DIR."
    )


def replay(text: str, spool: Path, models: Path, row: int | None = None) -> list[Replayed]:
    """The rows of a receipt, or the one that is asked for, each rebuilt with the bundle that answered.

    Raises:
        ServingError: the receipt is malformed, unknown or changed, or its bundle is not there as it was.
    """
    receipt = read_receipt(spool, text)
    rebuilder = load(receipt.header, models)
    rebuilt = rebuilder.rows(receipt)
    named = receipt.address.row if row is None else row
    return [
        replayed(receipt, number, rebuilder.metadata.units, rebuilt[number]) for number in wanted_rows(receipt, named)
    ]


def wanted_rows(receipt: Receipt, row: int | None) -> range:
    """The rows that are asked for: one, or all.

    Raises:
        UnknownReceiptError: there is no such row.
    """
    count = len(receipt.served.rows)
    if row is None:
        return range(count)
    if not 0 <= row < count:
        raise UnknownReceiptError(f"The receipt has the rows 0 to {count - 1}, no row {row}.")
    return range(row, row + 1)


def replayed(receipt: Receipt, row: int, units: dict[str, str], rebuilt: list[float] | None) -> Replayed:
    """A row of a receipt beside the values that were computed anew; None: they could not be.

    Args:
        units: by the name of a feature or of an answered value.
    """
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
        features=_values(header, served, units, row),
        unit=units.get(header.outputs[0], ""),
        answered=dict(zip(header.outputs, answered, strict=True)),
        rebuilt=None if rebuilt is None else dict(zip(header.outputs, rebuilt, strict=True)),
        identical=rebuilt is not None and np.array(answered).tobytes() == np.array(rebuilt).tobytes(),
    )


def _values(header: Header, served: Served, units: dict[str, str], row: int) -> list[Value]:
    observed = _moment(served.event_times[row]) if served.event_times else None
    return [
        Value(name, value, units.get(name, ""), None if name in served.overridden else observed)
        for name, value in zip(header.columns, served.rows[row], strict=True)
    ]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
