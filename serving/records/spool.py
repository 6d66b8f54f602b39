"""Served rows on disk: one write a request, which is the record of the traffic and the request's receipt alike."""

import time
from pathlib import Path

import msgspec

from serving.errors import BundleError
from serving.records.hourly import HourlyFiles
from serving.records.receipts import VERSION, Header, Served, commitment, receipt_id

SPOOL = "spool"


class Spool:
    """Append-only files of JSON lines, one for each worker process, model version and hour.

    The first line says what all have in common; each further line is one request.

    Args:
        folder: where the files go.
        header: the model and the columns.

    Raises:
        BundleError: the model version cannot stand in a file's name.
    """

    def __init__(self, folder: Path, header: Header) -> None:
        if not VERSION.fullmatch(header.version):
            raise BundleError(f"The model version {header.version!r} is not of 1 to 8 letters, digits, _ and -.")
        self.folder = folder
        line = msgspec.json.encode(header) + b"\n"
        self._started = commitment(line)
        self._files = HourlyFiles(folder, header.version, line)
        self._encode = msgspec.json.Encoder().encode

    def append(self, served: Served) -> str:
        """The id of the receipt of one request, which is written when this returns.

        Raises:
            OSError: the disk takes no more; there is no receipt.
        """
        served.time = now = time.time()
        line = self._encode(served) + b"\n"
        stem, position = self._files.append(line, now)
        return receipt_id(stem, position, self._started, line)

    def close(self) -> None:
        """Close the open file."""
        self._files.close()
