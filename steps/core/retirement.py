"""Which model versions may go, and what holds the others: pure decisions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple


class Hold(NamedTuple):
    """Why a version must stay.

    Attributes:
        reason: in words.
        until: when it ends by itself; None: when somebody changes it.
    """

    reason: str
    until: datetime | None = None

    @property
    def sentence(self) -> str:
        """The reason, and the date if there is one."""
        return self.reason if self.until is None else f"{self.reason}, until {self.until:%Y-%m-%d %H:%M} UTC"


class Version(NamedTuple):
    """A model version and what there is of it.

    Attributes:
        has_bundle, has_service: whether its bundle folder and its feature service are there.
        is_retired: whether the model registry says that it is.
    """

    version: str
    has_bundle: bool
    has_service: bool
    is_retired: bool
    holds: tuple[Hold, ...]

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left to remove."""
        return self.is_retired and not self.has_bundle and not self.has_service

    @property
    def may_go(self) -> str:
        """From when on it may be removed, in words."""
        if not self.holds:
            return "now"
        if any(hold.until is None for hold in self.holds):
            return "when nothing of this holds it: " + "; ".join(hold.sentence for hold in self.holds)
        last = max(hold.until for hold in self.holds if hold.until is not None)
        return f"from {last:%Y-%m-%d %H:%M} UTC: " + "; ".join(hold.sentence for hold in self.holds)


def newest_holds(versions: Iterable[str], keep: int) -> dict[str, Hold]:
    """The newest versions, by number, are kept whatever else holds for them."""
    ordered = sorted(versions, key=int, reverse=True)[:keep]
    return {version: Hold(f"one of the {keep} newest (HPP_MODEL_VERSIONS_KEPT)") for version in ordered}


def record_holds(names: Sequence[str], kind: str, days: float) -> dict[str, Hold]:
    """What the files of receipts or feedback hold: as long as one is there, a prediction can be asked for again.

    Args:
        names: of the files, `v<version>.<hour>.<process>.jsonl`.
        kind: of what they keep.
        days: for how long they are kept after their hour.
    """
    last: dict[str, str] = {}
    for name in names:
        version, hour = name.removeprefix("v").split(".")[:2]
        last[version] = max(hour, last.get(version, ""))
    return {version: Hold(f"{kind} up to {hour} UTC", _end(hour, days)) for version, hour in last.items()}


def _end(hour: str, days: float) -> datetime:
    started = datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    return datetime.fromtimestamp(started.timestamp() + 3600 + days * 86_400, UTC)


def gathered(holds: Iterable[Mapping[str, Hold]]) -> dict[str, tuple[Hold, ...]]:
    """All that holds each version."""
    found: dict[str, tuple[Hold, ...]] = {}
    for one in holds:
        for version, hold in one.items():
            found[version] = (*found.get(version, ()), hold)
    return found
