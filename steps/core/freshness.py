"""How fresh the online rows of each view are: pure figures and the page that shows them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from pydantic import BaseModel

from steps.core.materialization import Whole
from steps.core.page import Reading, page, table

DAY_S = 86_400


class ViewFreshness(BaseModel):
    """One view, online beside offline.

    Attributes:
        houses: houses that the offline store has.
        oldest, newest: when the first and the last of their last observations were made, ISO 8601, UTC.
        expired: share of the houses whose last observation is older than the view's ttl.
        looked_up: houses that were looked up online: spread evenly, and the newest.
        online: of those, the ones that are there.
        behind: of those, the ones that are missing or older than offline.
        newest_online: when the last of those that were found was observed.
        lag_s: from there to the newest offline observation, in seconds; None where nothing is online.
        unmaterialized: houses, of all, whose last observation is not known to be online.
    """

    view: str
    served: bool
    ttl_days: float
    houses: int
    oldest: str
    newest: str
    expired: float
    looked_up: int = 0
    online: int = 0
    behind: int = 0
    newest_online: str | None = None
    lag_s: float | None = None
    unmaterialized: int | None = None


def offline_freshness(view: str, served: bool, ttl_s: float, event_us: Whole, now: datetime) -> ViewFreshness:
    """What the offline store alone says.

    Args:
        ttl_s: 0 for no limit.
        event_us: of the last observation of every house, in microseconds since 1970; at least one.
    """
    limit = (now.timestamp() - ttl_s) * 1e6 if ttl_s else -np.inf
    return ViewFreshness(
        view=view,
        served=served,
        ttl_days=ttl_s / DAY_S,
        houses=len(event_us),
        oldest=_iso(event_us.min() / 1e6),
        newest=_iso(event_us.max() / 1e6),
        expired=float((event_us < limit).mean()),
    )


def with_online(
    offline: ViewFreshness, event_us: Whole, found: Sequence[float | None], unmaterialized: int
) -> ViewFreshness:
    """The same with what was looked up online.

    Args:
        event_us: of the houses that were looked up, offline, in microseconds since 1970.
        found: their event times online, in seconds since 1970; None where there is nothing.
    """
    there = [time for time in found if time is not None]
    pairs = zip(found, event_us.tolist(), strict=True)
    newest = max(there, default=None)
    return offline.model_copy(
        update={
            "looked_up": len(found),
            "online": len(there),
            "behind": sum(time is None or time < wanted // 10**6 for time, wanted in pairs),
            "newest_online": None if newest is None else _iso(newest),
            "lag_s": None if newest is None else max(0.0, event_us.max() // 10**6 - newest),
            "unmaterialized": unmaterialized,
        }
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


COLUMNS = (
    "view", "houses", "not yet online", "online / looked up", "behind", "oldest", "newest", "newest online", "lag",
    "expired",
)  # fmt: skip
READING = Reading(
    what="How old the features are, and whether the online store, which the service reads, has what the offline store "
    "has. A line a feature view; times in UTC.",
    good="Nothing not yet online, nothing behind, no value older than its view's ttl.",
    act="Behind: `python -m steps.materialize`. Expired: the source has sent nothing new; the service refuses such "
    "houses.",
)


def cells(view: ViewFreshness) -> tuple[str, ...]:
    """A line of the table."""
    shown = ["", "", "", "", ""]
    if view.served:
        lag = "" if view.lag_s is None else f"{view.lag_s:,.0f} s"
        looked_up = f"{view.online:,} / {view.looked_up:,}"
        shown = [f"{view.unmaterialized:,}", looked_up, f"{view.behind:,}", view.newest_online or "nothing", lag]
    missing, looked_up, behind, newest_online, lag = shown
    expired = f"{view.expired:.1%} (ttl {view.ttl_days:g} d)" if view.ttl_days else "no ttl"
    name = view.view if view.served else f"{view.view} (offline only)"
    return name, f"{view.houses:,}", missing, looked_up, behind, view.oldest, view.newest, newest_online, lag, expired


def render(views: Sequence[ViewFreshness]) -> str:
    """The page."""
    late = sum(view.behind + (view.unmaterialized or 0) > 0 for view in views)
    title = "Every served view is up to date" if not late else f"{late} of {len(views)} views are behind"
    return page(title, READING, table(COLUMNS, [cells(view) for view in views]))
