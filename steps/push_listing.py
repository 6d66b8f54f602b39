"""The command that pushes new or changed listings, offline and online at once.

`python -m steps.push_listing FILE`, or `-` for standard input: CSV or JSON, one listing or several, with the contract's
features and, if wanted, `house_id` and `event_timestamp`.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from serving.contract import HOUSE_FEATURES, read_feature_view
from serving.settings import Settings, read_settings
from steps.core.errors import DataError
from steps.core.expectations import build_suite
from steps.core.findings import faults
from steps.core.fingerprint import HOUSE_ID
from steps.core.listings import NO_DISTRIBUTION, PLACEHOLDER, judged_alone, numbered, read_listings, unseen
from steps.core.publication import EVENT, latest, stamp
from steps.core.rejection import RejectedRowsError
from steps.feature_store.history_parts import parts
from steps.feature_store.offline_store import append_history, history_path, only_writer
from steps.feature_store.stored_houses import of_houses, summary, with_value
from steps.terminal.presentation import Presentation, carried_out

if TYPE_CHECKING:
    from serving.contract import FeatureSpec

SOURCE = "listings"
MOST_BYTES = 10_000_000


class Push(NamedTuple):
    """What was done with one listing.

    Attributes:
        stored: whether it was news to the offline store.
        served: whether it is the last observation of its house, which the online store has.
    """

    house_id: int
    stored: bool
    served: bool

    def __str__(self) -> str:
        """The same in words."""
        stored = "stored" if self.stored else "was stored already"
        served = "and is served" if self.served else "but is not served: the house has been observed since"
        return f"house {self.house_id}: {stored}, {served}"


def push(data: bytes, origin: str, settings: Settings, now: datetime) -> list[Push]:
    """What was done with each listing, in their order.

    The rows are offline before they are online: what dies in between is brought online by the next materialization, or
    by the same push once more.

    Raises:
        DataError: they cannot be read.
        RejectedRowsError: the contract refuses some, and nothing was stored.
    """
    from feast.data_source import PushMode

    store = settings.feature_store()
    specs = read_feature_view(store, HOUSE_FEATURES)
    names = [spec.name for spec in specs]
    listings = read_listings(data, names, origin, now)
    judge(listings, specs, origin)
    path = history_path(settings.offline_dir, HOUSE_FEATURES)
    with only_writer(settings.offline_dir):
        known = summary(parts(path))
        sure = next(spec.name for spec in specs if not spec.nullable)  # never missing: one to find the same house by
        alike = with_value(parts(path), names, sure, listings[sure])
        listings = numbered(listings, alike, names, known.next_id)
        stored = of_houses(parts(path), names, listings[HOUSE_ID])
        added = unseen(listings, stored, names, now, stamp(now, known.newest))
        if len(added):
            append_history(path, added)
        last = latest(pd.concat([stored, added], ignore_index=True) if len(stored) else added)
        store.push(SOURCE, last, to=PushMode.ONLINE, allow_registry_cache=False)
    newest = last.set_index(HOUSE_ID)[EVENT]
    new = added.set_index(HOUSE_ID)[EVENT]
    return [
        Push(house, stored=house in new.index, served=house not in new.index or new[house] >= newest[house])
        for house in listings[HOUSE_ID]
    ]


def judge(listings: pd.DataFrame, specs: "Sequence[FeatureSpec]", origin: str) -> None:
    """Return if the contract allows every listing: the same expectations and messages as for a data set.

    Raises:
        RejectedRowsError: it refuses some.
    """
    from steps.data.judge import quieten, run_suite

    quieten()
    alone = judged_alone(specs)
    rows = listings[[HOUSE_ID, *(spec.name for spec in specs)]]
    new = rows[HOUSE_ID] < 0  # they get their numbers later; until then a message names their row
    taken = set(rows[HOUSE_ID])
    numbers = [PLACEHOLDER + row if row in taken else row for row in range(len(rows))]
    rows = rows.assign(**{HOUSE_ID: rows[HOUSE_ID].mask(new, pd.Series(numbers, rows.index))})
    _, results = run_suite(build_suite(alone, NO_DISTRIBUTION, n_rows=0), rows)
    if found := faults(results, rows, alone):
        raise RejectedRowsError(origin, rows, found)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command, which says what was done."""
    parser = argparse.ArgumentParser(prog="python -m steps.push_listing", description=__doc__)
    parser.add_argument("file", metavar="FILE", help="CSV or JSON; - for standard input")
    given = parser.parse_args(arguments).file
    return carried_out("push", lambda shown: show(given, shown))


def show(given: str, shown: Presentation) -> None:
    """Push, and say what was done, a line a listing."""
    data, origin = read(given)
    with shown.screen.busy(f"pushing {origin}"):
        pushed = push(data, origin, read_settings(), datetime.now(UTC))
    for done in pushed:
        shown.screen.say(str(done))


def read(given: str) -> tuple[bytes, str]:
    """The content of the file, or of standard input, and what to call it.

    Raises:
        DataError: it cannot be read, or is too large.
    """
    try:
        if given == "-":
            data, origin = sys.stdin.buffer.read(MOST_BYTES + 1), "standard input"
        else:
            with Path(given).open("rb") as file:
                data, origin = file.read(MOST_BYTES + 1), given
    except OSError as err:
        raise DataError(f"{given} cannot be read: {err.strerror}. Wanted a CSV or JSON file, or -.") from err
    if len(data) > MOST_BYTES:
        raise DataError(f"{origin} is larger than {MOST_BYTES // 10**6} MB. Use the feature pipeline for a data set.")
    return data, origin


if __name__ == "__main__":
    sys.exit(main())
