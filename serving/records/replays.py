"""Receipts for callers of the service: what was served, and whether it comes out the same again."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from serving.access.tenants import Tenants
from serving.client import Client
from serving.errors import NotRebuiltError, TooLargeError
from serving.records.rebuilding import Rebuilder, check_bundle, load, replayed, wanted_rows
from serving.records.receipts import Header, Receipt, read_receipt

KEPT = 2  # models of other versions stay loaded: a caller goes through his receipts one by one


class Replays:
    """Looks receipts up and rebuilds them.

    Args:
        spool: the folder of the receipts.
        models: the folder of the bundles.
        most_rows: rows that are told of at a time.
        tenants: keeps a tenant to his own receipts.
    """

    def __init__(self, spool: Path, models: Path, most_rows: int, tenants: Tenants) -> None:
        self.spool = spool
        self.models = models
        self.most_rows = most_rows
        self.tenants = tenants
        # By the digests as well: a version's bundle may be put back in another form.
        self._load = lru_cache(KEPT)(lambda encoded: load(msgspec.json.decode(encoded, type=Header), models))

    def find(self, text: str, client: Client) -> dict[str, Any]:
        """The receipt, `identical` (None: it cannot be rebuilt) and its `rows`.

        Args:
            text: the receipt's id, or `<id>/<row>`.

        Raises:
            OutsideTenantError: it is another's.
            TooLargeError: it has more rows than are told of at a time.
            ServingError: it is malformed, unknown or changed.
        """
        receipt = read_receipt(self.spool, text)
        self.tenants.confine_receipt(receipt, client)
        wanted = wanted_rows(receipt, receipt.address.row)
        if len(wanted) > self.most_rows:
            raise TooLargeError(
                f"{self.most_rows} rows are told of at a time; the receipt has {len(wanted)}. Ask for <receipt>/<row>."
            )
        rebuilt, units = self._rebuild(receipt)
        rows = [replayed(receipt, row, units, None if rebuilt is None else rebuilt[row]) for row in wanted]
        identical = None if rebuilt is None else all(row.identical for row in rows)
        return {"receipt": receipt.address.receipt, "identical": identical, "rows": rows}

    def _rebuild(self, receipt: Receipt) -> tuple[list[list[float]] | None, dict[str, str]]:
        """The values of all rows, computed anew, and the units; None where the bundle is not there as it was."""
        try:
            check_bundle(receipt.header, self.models)
            rebuilder: Rebuilder = self._load(msgspec.json.encode(receipt.header, order="deterministic"))
            return rebuilder.rows(receipt), rebuilder.metadata.units
        except NotRebuiltError:  # its words are for the operator: they name folders
            return None, {}
