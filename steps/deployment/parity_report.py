"""The page about how the online store, as the service uses it, compares with the offline store."""

from datetime import UTC, datetime
from pathlib import Path

from serving.files import write_atomically
from serving.settings import Settings
from steps.core.page import Reading, page, table
from steps.core.parity import Parity
from steps.core.skew import Difference
from steps.core.verified import Verification

COLUMNS = ("house_id", "feature", "offline", "online", "observed offline", "observed online", "perhaps")
MOST_KEPT = 50
READING = Reading(
    what="The features that the service used, beside those of the offline store, and its prices beside the offline "
    "model's.",
    good="No differences, and prices within the allowed difference.",
    act="The column `perhaps` guesses the cause: a unit, a swapped column, rounding, a time zone. Mend the source and "
    "materialize again; until then the version is not served.",
)


def render_parity(found: Verification) -> str:
    """The comparison as HTML: the counts, then every difference."""
    differences = [_row(one) for one in found.stored_features.differences]
    body = table(("subject", "found"), list(facts_of(found).items()), "words")
    body += f"<h2>Differences</h2>{table(COLUMNS, differences, 'words')}" if differences else ""
    return page(found.fault or "Online store, offline store, service and bundle say the same", READING, body)


def facts_of(found: Verification) -> dict[str, str]:
    """The comparison in few words, by subject."""
    stores = found.stored_features
    counts = ", ".join(f"{name} of {count} houses" for name, count in stores.by_feature.items()) or "none"
    return {
        "Compared": f"{stores.houses} houses, {len(stores.features)} features of each, online and offline",
        "Differences": counts,
        "Event times": f"the same if less than {stores.resolution_seconds:g} s apart",
        "Prices by raw features": _words(found.by_raw_features),
        "Prices by house id": _words(found.by_house_id),
    }


def keep_report(found: Verification, version: str, settings: Settings) -> Path:
    """The file with the page; the oldest of many are removed."""
    folder = settings.var_dir / "parity"
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-v{version}.html"
    write_atomically(path, render_parity(found).encode())
    for old in sorted(folder.glob("*.html"))[:-MOST_KEPT]:
        old.unlink(missing_ok=True)
    return path


def _words(parity: Parity) -> str:
    return f"{parity.rows} houses, largest difference {parity.largest_difference:.2e} (allowed {parity.tolerance:.0e})"


def _row(one: Difference) -> tuple[str, ...]:
    times = (one.offline_time or "never", one.online_time or "never")
    return (str(one.house_id), one.feature, repr(one.offline), repr(one.online), *times, one.hint)
