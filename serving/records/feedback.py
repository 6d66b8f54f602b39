"""True prices that callers send afterwards: kept before they are answered, and counted once however often they come."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from serving.contract import FeatureSpec
from serving.errors import InvalidRequestError, NotStoredError
from serving.records.hourly import ENDING, HourlyFiles
from serving.records.receipts import Receipt, read_receipt
from serving.records.truths import Truths, check_feedback, read_truths


class Feedback(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The true price of one row of a prediction, or of one house.

    Attributes:
        id: the same for what is the same: a row of a receipt; or a house, a price and its event time.
        received: when it came, in seconds since 1970.
        truth: the true price, in the target's unit.
        version: of the model that made the prediction; of a house without a receipt, of the model that took this.
        price, low, high: what was answered, where a receipt says it.
        priced_at: when that was, in seconds since 1970.
        event_time: when the price became known, in seconds since 1970, where the caller said it.
        client: the name of the key that sent it.
        caller: the name of the key that was answered, where a receipt says it.
    """

    id: str
    received: float
    truth: float
    version: str
    receipt: str | None = None
    row: int | None = None
    house_id: int | None = None
    price: float | None = None
    low: float | None = None
    high: float | None = None
    priced_at: float | None = None
    event_time: float | None = None
    client: str = ""
    caller: str = ""
    probe: bool = False


class FeedbackLog:
    """Takes feedback messages and keeps their true prices in append-only files of JSON lines.

    Args:
        folder: where the files go.
        version: the model version that serves.
        target: what the contract says of the price.
        spool: the folder of the receipts.
        require_houses: raises an error if one of the houses is unknown.
    """

    def __init__(
        self,
        folder: Path,
        version: str,
        target: FeatureSpec,
        spool: Path,
        require_houses: Callable[[Sequence[int]], None],
    ) -> None:
        self.folder = folder
        self.version = version
        self._target = target
        self._spool = spool
        self._require_houses = require_houses
        self._files = HourlyFiles(folder, version)

    def accept(self, message: Any, client: str = "") -> int:
        """The number of true prices in a feedback message, all of them kept; 0 if it brings a reward only.

        Raises:
            InvalidRequestError: the message is none, or does not fit its receipt.
            ServingError: the receipt or a house is unknown, or the receipt was changed.
            NotStoredError: the disk takes no more; none may count as kept.
        """
        check_feedback(message)
        truths = read_truths(message, self._target)
        if truths is None:
            return 0
        now = time.time()
        if truths.receipt is not None:
            records = list(_of_receipt(truths, read_receipt(self._spool, truths.receipt), now, client))
        else:
            records = list(self._of_houses(truths, now, client))
        self._keep(records, now)
        return len(records)

    def _of_houses(self, truths: Truths, now: float, client: str) -> Iterator[Feedback]:
        house_ids = truths.house_ids or []
        self._require_houses(house_ids)
        for house_id, truth in zip(house_ids, truths.prices, strict=True):
            yield Feedback(
                id=_identity("house", house_id, truth, truths.event_time),
                received=now,
                truth=truth,
                version=self.version,
                house_id=house_id,
                event_time=truths.event_time,
                client=client,
            )

    def _keep(self, records: Sequence[Feedback], now: float) -> None:
        lines = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
        try:
            self._files.append(lines, now)
        except OSError as err:
            raise NotStoredError("The true prices could not be written to disk; send them again later.") from err

    def close(self) -> None:
        """Close the open file."""
        self._files.close()


def _of_receipt(truths: Truths, receipt: Receipt, now: float, client: str) -> Iterator[Feedback]:
    address, header, served = receipt
    rows = range(len(served.rows)) if address.row is None else [address.row]
    if len(rows) != len(truths.prices):
        raise InvalidRequestError(
            f"The receipt is of {len(rows)} rows, the truth has {len(truths.prices)}; send one true price a row, or "
            "name one row as <receipt>/<row>."
        )
    names = ("price", "low", "high")
    for row, truth in zip(rows, truths.prices, strict=True):
        yield Feedback(
            id=_identity("receipt", address.receipt, row),
            received=now,
            truth=truth,
            version=header.version,
            receipt=address.receipt,
            row=row,
            house_id=served.house_ids[row] if served.house_ids else None,
            priced_at=served.time,
            event_time=truths.event_time,
            client=client,
            caller=served.client,
            probe=served.probe,
            **dict(zip(names, served.prices[row], strict=False)),
        )


def _identity(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


def read_feedback(folder: Path, since: str = "") -> list[Feedback]:
    """The distinct true prices that are kept in a folder, as `newest_feedback` has them.

    Args:
        since: what was received in an earlier hour (2026-11-23T22, UTC) is left out.
    """
    paths = (path for path in sorted(folder.glob(f"*{ENDING}")) if path.name.split(".")[1] >= since)
    return newest_feedback(record for path in paths for record in decoded_feedback(path.read_bytes()))


def newest_feedback(records: Iterable[Feedback]) -> list[Feedback]:
    """The distinct true prices, in the order in which they came.

    Of several for the same row of a receipt the last one counts: it is the caller's correction.
    """
    found: dict[str, Feedback] = {}
    for record in sorted(records, key=lambda one: one.received):
        found.pop(record.id, None)
        found[record.id] = record
    return list(found.values())


def decoded_feedback(lines: bytes) -> Iterator[Feedback]:
    """The true prices in the contents of a file."""
    for line in lines.splitlines():
        try:
            yield msgspec.json.decode(line, type=Feedback)
        except msgspec.DecodeError:  # cut off by a kill or a full disk: it was never answered as kept
            continue
