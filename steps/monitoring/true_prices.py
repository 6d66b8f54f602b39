"""True prices joined to the predictions that they are about, point in time: what was served, and what came true."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from serving.errors import ServingError
from serving.records.feedback import Feedback, decoded_feedback, newest_feedback, read_feedback
from serving.records.hourly import ENDING, FEEDBACK, hour_of
from serving.records.joining import Predictions, known_at
from serving.records.receipts import Header, Served, commitment, read_receipt, receipt_id
from serving.records.spool import SPOOL
from serving.rollouts.pairs import Pairs
from serving.rollouts.state import folder_of
from serving.settings import Settings
from steps.collect_profiles import open_store
from steps.core.live_error import Truths

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Priced:
    """A row that was priced, as its receipt has it.

    Attributes:
        house: equal where the house is.
        price, low, high: low and high are None where no interval was answered.
        priced_at: seconds since 1970.
        client: who was answered: empty, not known.
        features: raw, in the training order of the version; None: the receipt is not on this machine.
    """

    version: str
    receipt: str
    row: int
    house: str
    price: float
    low: float | None
    high: float | None
    priced_at: float
    client: str = ""
    features: tuple[float | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A prediction and its true price.

    Attributes:
        known_at, received_at: when the price became known, and when it was told; in seconds since 1970.
        shadow: nobody was answered with the prediction.
    """

    priced: Priced
    truth: float
    known_at: float
    received_at: float
    shadow: bool = False


class TruePrices(NamedTuple):
    """What was joined, and how much was not."""

    joined: list[Joined]
    counts: Truths


def join_true_prices(settings: Settings, now: datetime, days: int, longest_wait_days: int) -> TruePrices:
    """The predictions whose true prices became known in the last `days`, in the order in which they came.

    True prices by receipt carry what was answered and are joined whichever machine took them, where `HPP_PROFILE_STORE`
    is set; those by house id are joined to the receipts of this machine alone.

    Raises:
        StoreError: the store of the profiles cannot be read.
    """
    start = now.timestamp() - days * DAY_S
    truths = [one for one in _feedback(settings, hour_of(start)) if not one.probe and known_at(one) >= start]
    spool = settings.profiles_dir / SPOOL
    houses = {one.house_id for one in truths if one.receipt is None and one.house_id is not None}
    served = _served_houses(spool, houses, hour_of(start - longest_wait_days * DAY_S)) if houses else None
    found: dict[tuple[str, int], Joined] = {}
    replaced = 0
    for one in truths:  # in the order in which they came: the latest wins
        priced = _of_receipt(spool, one) if one.receipt is not None else served and served.of(one)
        if not priced or known_at(one) - priced.priced_at > longest_wait_days * DAY_S:
            continue
        place = (priced.receipt, priced.row)
        replaced += place in found
        found[place] = Joined(priced, one.truth, known_at(one), one.received)
    counts = Truths(
        received=len(truths),
        joined=len(found),
        replaced=replaced,
        without_prediction=len(truths) - len(found) - replaced,
    )
    joined = [*found.values(), *_shadows(settings.profiles_dir, found)]
    return TruePrices(sorted(joined, key=lambda one: one.received_at), counts)


def _feedback(settings: Settings, since: str) -> list[Feedback]:
    """The distinct true prices of this machine, and of the others where there is a store, as they came."""
    known = read_feedback(settings.profiles_dir / FEEDBACK, since)
    if not settings.profile_store:
        return known
    store = open_store(settings)
    names = (name for name in store.names(FEEDBACK) if name.endswith(ENDING) and name.split(".")[1] >= since)
    others = (record for name in names for record in decoded_feedback(store.read(f"{FEEDBACK}/{name}") or b""))
    return newest_feedback([*known, *others])


def _of_receipt(spool: Path, one: Feedback) -> Priced | None:
    """The prediction by the truth's own copy of it, with what the receipt adds if it is here."""
    if one.receipt is None or one.row is None or one.price is None:
        return None
    priced = Priced(
        version=one.version,
        receipt=one.receipt,
        row=one.row,
        house=f"{one.receipt}/{one.row}" if one.house_id is None else str(one.house_id),
        price=one.price,
        low=one.low,
        high=one.high,
        priced_at=one.received if one.priced_at is None else one.priced_at,
        client=one.caller,
    )
    try:
        _, _, served = read_receipt(spool, f"{one.receipt}/{one.row}")
    except (ServingError, OSError):  # of another machine, or past its retention
        return priced
    features = tuple(served.rows[one.row])
    house = priced.house if one.house_id is not None else _digest(features)
    return replace(priced, client=served.client, features=features, house=house)


def _served_houses(spool: Path, houses: set[int], since: str) -> Predictions[Priced]:
    """What these houses were priced at, by any version; tests of the service and what-ifs are none."""
    known: Predictions[Priced] = Predictions()
    for path in sorted(spool.glob(f"v*{ENDING}")):
        if path.name.split(".")[1] >= since:
            for priced in _rows_of(path, houses):
                known.enter(int(priced.house), priced.priced_at, priced)
    return known


def _rows_of(path: Path, houses: set[int]) -> Iterator[Priced]:
    decode = msgspec.json.Decoder(Served).decode
    with path.open("rb") as file:
        first = file.readline()
        try:
            header = msgspec.json.decode(first, type=Header)
        except msgspec.DecodeError:  # the worker was stopped in its first write
            return
        started, position = commitment(first), len(first)
        for text in file:
            start, position = position, position + len(text)
            if b'"ids":' not in text:  # by features: nothing to decode
                continue
            try:
                line = decode(text)
            except msgspec.DecodeError:  # torn by a kill, or still being written
                continue
            if line.probe or line.overridden or houses.isdisjoint(line.house_ids or ()):
                continue
            receipt = receipt_id(path.name.removesuffix(ENDING), start, started, text)
            yield from _chosen(header.version, receipt, line, houses)


def _chosen(version: str, receipt: str, line: Served, houses: set[int]) -> Iterator[Priced]:
    rows = zip(line.house_ids or (), line.prices, line.rows, strict=False)
    for row, (house, answered, values) in enumerate(rows):
        if house in houses and answered:
            price, *ends = answered
            low, high = ends if len(ends) == 2 else (None, None)
            yield Priced(version, receipt, row, str(house), price, low, high, line.time, line.client, tuple(values))


def _shadows(profiles: Path, found: dict[tuple[str, int], Joined]) -> Iterator[Joined]:
    """What challengers that ran as shadows made of the same rows: a canary has receipts of its own."""
    receipts = {receipt for receipt, _ in found}
    for folder in sorted(folder_of(profiles).glob("v*-*")) if receipts else ():
        version = folder.name[1:].rpartition("-")[0]
        for pairs in _pairs(folder):
            if pairs.receipt in receipts and not pairs.receipt.startswith(f"v{version}."):
                for row, price in enumerate(pairs.challenger):
                    if (one := found.get((pairs.receipt, row))) is not None:
                        yield _shadow(one, version, price)


def _shadow(one: Joined, version: str, price: float) -> Joined:
    priced = replace(one.priced, version=version, price=price, low=None, high=None, features=None)
    return replace(one, priced=priced, shadow=True)


def _pairs(folder: Path) -> Iterator[Pairs]:
    decode = msgspec.json.Decoder(Pairs).decode
    for path in sorted(folder.glob(f"*{ENDING}")):
        with path.open("rb") as file:
            for text in file:
                try:
                    yield decode(text)
                except msgspec.DecodeError:
                    continue


def _digest(features: tuple[float | None, ...]) -> str:
    return blake2b(msgspec.json.encode(features), digest_size=12).hexdigest()
