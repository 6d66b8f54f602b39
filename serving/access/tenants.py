"""What a tenant's key may ask for: its own houses, and true prices for its own receipts."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from serving.client import Client, Segment, tenant_of
from serving.contract import FeatureSpec
from serving.errors import OutsideTenantError
from serving.online.lookup import Found
from serving.protocol.faults import Faults
from serving.protocol.requests import HOUSE_ID, Query
from serving.records.receipts import Receipt, read_receipt
from serving.records.truths import check_feedback, read_truths
from serving.rollouts.mixed import by_receipt

Find = Callable[[Sequence[int]], Found]
REMEDY = "ask for houses of your own, or ask the operator for a key with other segments"


class Tenants:
    """Keeps keys to their tenant's houses.

    A house counts by its stored features even where the request overrides them: else a what-if would read, by the
    price, the other features of a house that the key may not see.

    Args:
        features: the stored features of the contract, in the order in which `find` gives them.
        find: the stored features of houses.
        spool: the folder of the receipts.
        target: what the contract says of the price.
    """

    def __init__(self, features: Sequence[str], find: Find, spool: Path, target: FeatureSpec) -> None:
        self._at = {name: at for at, name in enumerate(features)}
        self._find = find
        self._spool = spool
        self._target = target

    def confine(self, query: Query, client: Client) -> None:
        """Nothing, if the client may ask for every row.

        Raises:
            OutsideTenantError: with one detail for each row and column that is outside.
            ServingError: a house is unknown or its features have expired, or the online store does not answer.
        """
        faults = Faults()
        if query.house_ids is not None:
            self._confine_stored(query.house_ids, client, faults)
        for column, segments in _by_column(client.segments):
            if column in query.names:
                values = query.values[:, query.names.index(column)].tolist()
                _confine_given(column, values, segments, faults)
            elif query.house_ids is None:
                remedy = "this key needs the feature to know whose house it is: add the column"
                faults.add(feature=column, allowed=_words(segments), remedy=remedy)
        faults.raise_if_any(OutsideTenantError)

    def confine_feedback(self, message: Any, client: Client) -> None:
        """Nothing, if all receipts are the tenant's own and all houses are in its segments.

        Raises:
            OutsideTenantError: one is not.
            ServingError: the message is no feedback, or a receipt or a house is unknown.
        """
        faults = Faults()
        for part in by_receipt(message):
            check_feedback(part)
            truths = read_truths(part, self._target)
            if truths is None:
                continue
            if truths.receipt is None:
                self._confine_stored(truths.house_ids or [], client, faults)
            else:
                _confine_receipt(read_receipt(self._spool, truths.receipt), truths.receipt, client, faults)
        faults.raise_if_any(OutsideTenantError)

    def confine_receipt(self, receipt: Receipt, client: Client) -> None:
        """Nothing, if the client may see the receipt.

        Raises:
            OutsideTenantError: it is another's.
        """
        faults = Faults()
        _confine_receipt(receipt, receipt.address.receipt, client, faults)
        faults.raise_if_any(OutsideTenantError)

    def _confine_stored(self, house_ids: Sequence[int], client: Client, faults: Faults) -> None:
        """The faults name the house and not what is stored of it."""
        if not client.segments:
            return
        rows = self._find(house_ids).rows
        for column, segments in _by_column(client.segments):
            at = self._at.get(column)
            for number, (house_id, row) in enumerate(zip(house_ids, rows, strict=True)):
                if at is None or not _holds(row[at], segments):
                    allowed = f"houses with {_words(segments)}"
                    faults.add(row=number, feature=HOUSE_ID, value=house_id, allowed=allowed, remedy=REMEDY)


def _confine_receipt(receipt: Receipt, text: str, client: Client, faults: Faults) -> None:
    """Clients without a tenant are the operator's and see all."""
    if client.tenant and tenant_of(receipt.served.client) != client.tenant:
        allowed = f"receipts of the tenant {client.tenant}"
        faults.add(feature="receipt", value=text, allowed=allowed, remedy="send a receipt of your own")


def _confine_given(column: str, values: Iterable[float], segments: Sequence[Segment], faults: Faults) -> None:
    for number, value in enumerate(values):
        if not _holds(value, segments):
            faults.add(row=number, feature=column, value=value, allowed=_words(segments), remedy=REMEDY)


def _holds(value: float, segments: Sequence[Segment]) -> bool:
    """Whether one of the ranges has the value; a missing one, NaN, is in none."""
    return any(segment.low <= value <= segment.high for segment in segments)


def _by_column(segments: Sequence[Segment]) -> list[tuple[str, list[Segment]]]:
    ordered = sorted(segments, key=lambda one: one.column)
    return [(column, list(own)) for column, own in groupby(ordered, key=lambda one: one.column)]


def _words(segments: Sequence[Segment]) -> str:
    return " or ".join(segment.words for segment in segments)
