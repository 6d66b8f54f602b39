"""Receipts: what a prediction was made from, found again by an id that commits to it.

A receipt is one line of a spool file. Its id is `v<version>.<hour>.<process>.<position>.<digest>`: the file, the
line's place in it, and the SHA-256 of the file's header and the line, cut to 120 bits. Whoever holds an id can tell
whether the line is still the one that was written: to put another line in its place one has to find a second text of
the same digest, 2^120 tries; to have two such lines ready beforehand takes 2^60.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from serving.bundle import Metadata, deciding
from serving.errors import AlteredReceiptError, MalformedReceiptError, UnknownReceiptError
from serving.records.hourly import ENDING

DIGEST_BYTES = 15  # a multiple of three: its base64 has no padding
VERSION = re.compile(r"[A-Za-z0-9_-]{1,8}", re.ASCII)
# No part of the file's name can hold a slash or two dots: an id never leads out of the spool's folder.
_WHOLE = (
    r"(v[A-Za-z0-9_-]{1,8}\.[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}\.[0-9a-f]{1,8}-[0-9a-f]{1,16})"
    r"\.([0-9a-f]{1,10})\.([A-Za-z0-9_-]{20})"
)
ID_PATTERN = f"^{_WHOLE}$"
_ID = re.compile(_WHOLE + "(?:/([0-9]{1,7}))?")
LONGEST_SHOWN = 100
REMEDY = "Copy `meta.tags.receipt` of the reply as it is; a row of it is `<receipt>/<row>`, rows counted from 0."


class Header(msgspec.Struct, frozen=True):
    """The first line of a spool file: what all its lines have in common.

    Attributes:
        version: the model version that served.
        columns: names of the features, in training order.
        outputs: names of the values of an answered row, the price first.
        files: SHA-256 of each file of the bundle that a price may depend on, by file name.
    """

    version: str
    columns: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    model: str = ""
    feature_service: str = ""
    files: dict[str, str] = {}


def header_of(metadata: Metadata, outputs: Sequence[str]) -> Header:
    """The header of what the bundle's model serves."""
    return Header(
        metadata.model_version,
        metadata.features,
        tuple(outputs),
        metadata.model_name,
        metadata.feature_service,
        deciding(metadata.files),
    )


_SHORT = {"time": "t", "prices": "out", "house_ids": "ids", "event_times": "at", "overridden": "own"}


class Served(msgspec.Struct, omit_defaults=True, rename=_SHORT):
    """A further line: one request and what it was answered with.

    Attributes:
        rows: (n, features) the raw feature values that were priced, None or NaN where one is missing.
        prices: (n, outputs) the answered values, those of float32 included as they are.
        house_ids: the house of each row, where the features came from the online store.
        event_times: when the stored features of each row were observed, in seconds since 1970.
        overridden: features whose stored values the caller replaced by his own.
        client: the name of the caller's key.
        probe: a test of the service, not traffic.
        explained: the reasons were asked for.
        time: of the answer, in seconds since 1970; set when the line is written.
    """

    rows: Sequence[Sequence[float | None]]
    prices: Sequence[Sequence[float]] = ()
    house_ids: Sequence[int] | None = None
    event_times: Sequence[float] | None = None
    overridden: tuple[str, ...] = ()
    client: str = ""
    probe: bool = False
    explained: bool = False
    time: float = 0.0


class Address(NamedTuple):
    """A receipt id in its parts; `row` only where one was named."""

    stem: str
    position: int
    digest: str
    row: int | None

    @property
    def receipt(self) -> str:
        """The id without the row."""
        return f"{self.stem}.{self.position:x}.{self.digest}"


class Receipt(NamedTuple):
    """A receipt that was found and is what its id says."""

    address: Address
    header: Header
    served: Served


def commitment(header: bytes) -> "hashlib._Hash":
    """The digest's state after a file's first line: copy it, and update it with the line to commit to."""
    return hashlib.sha256(header)


def receipt_id(stem: str, position: int, started: "hashlib._Hash", line: bytes) -> str:
    """The id of a line, its end of line included, in a file whose header's `commitment` is given."""
    state = started.copy()
    state.update(line)
    return f"{stem}.{position:x}.{urlsafe_b64encode(state.digest()[:DIGEST_BYTES]).decode()}"


def parse_receipt(text: str) -> Address:
    """The parts of an id.

    Raises:
        MalformedReceiptError: it is none.
    """
    match = _ID.fullmatch(text)
    if match is None:
        shown = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
        raise MalformedReceiptError(f"{shown!r} is no receipt. {REMEDY}")
    stem, position, digest, row = match.groups()
    return Address(stem, int(position, 16), digest, None if row is None else int(row))


def read_receipt(spool: Path, text: str) -> Receipt:
    """The receipt with this id.

    Raises:
        MalformedReceiptError: the id is none.
        UnknownReceiptError: there is no such file, line or row (any more).
        AlteredReceiptError: the line, or its file's header, is not the one that the id was given for.
    """
    address = parse_receipt(text)
    header, line = _lines(spool / f"{address.stem}{ENDING}", address)
    if not line.endswith(b"\n"):
        raise AlteredReceiptError(
            f"The receipt {address.receipt} is cut off: {address.stem}{ENDING} ends before its line does. "
            "Restore the file from a backup."
        )
    if receipt_id(address.stem, address.position, commitment(header), line) != address.receipt:
        raise AlteredReceiptError(
            f"The receipt {address.receipt} was changed after it was given: its line in {address.stem}{ENDING} does "
            "not have the digest in the id. Check that the id is whole; else restore the file from a backup."
        )
    try:
        head, served = msgspec.json.decode(header, type=Header), msgspec.json.decode(line, type=Served)
    except msgspec.DecodeError as err:
        raise AlteredReceiptError(f"The receipt {address.receipt} is not in a form that is known here: {err}.") from err
    if address.row is not None and address.row >= len(served.rows):
        raise UnknownReceiptError(f"The receipt has the rows 0 to {len(served.rows) - 1}, no row {address.row}.")
    return Receipt(address, head, served)


def _lines(path: Path, address: Address) -> tuple[bytes, bytes]:
    try:
        with path.open("rb") as file:
            header = file.readline()
            file.seek(address.position)
            return header, file.readline()
    except FileNotFoundError as err:
        raise UnknownReceiptError(
            f"No receipts of {address.stem} are kept here: they are past the retention (HPP_RECEIPT_DAYS, "
            f"HPP_RECEIPTS_MAX_MB), or another service gave {address.receipt}. Ask that service, or send the house_id."
        ) from err
