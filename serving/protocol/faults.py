"""The faults of a request, and the one shape in which every error is answered."""

import math
from typing import Any

from serving.errors import ServingError

MOST_DETAILS = 100
LONGEST_TEXT = 80
EXACT = 2**53


class Faults:
    """Faults as they are found: all are counted, the first hundred are kept for the answer."""

    def __init__(self) -> None:
        self.count = 0
        self.details: list[dict[str, Any]] = []

    def add(self, **detail: Any) -> None:
        """Keep one fault: `row` (from 0), `feature`, `value`, `allowed`, `remedy`, those that apply."""
        self.count += 1
        if len(self.details) < MOST_DETAILS:
            detail |= {key: shown(detail[key]) for key in ("feature", "value") if key in detail}
            self.details.append(detail)

    def raise_if_any(self, error: type[ServingError]) -> None:
        """Raise `error` with the details, if there are any."""
        if self.count:
            raise error(self.summary(), self.details)

    def summary(self) -> str:
        """The faults in one sentence."""
        first = self.details[0]
        place = ", ".join(f"{key} {first[key]}" for key in ("row", "feature") if key in first)
        text = f"{self.count} fault{'s' if self.count > 1 else ''}; the first: {place}: {first['remedy']}."
        if self.count > len(self.details):
            text += f" The first {len(self.details)} are listed, {self.count - len(self.details)} more are not."
        return text


def shown(value: Any) -> Any:
    """A value from a request as it can stand in a reply: a JSON scalar of bounded size."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        # str() refuses integers of more than 4300 digits
        return value if -EXACT <= value <= EXACT else f"an integer of {value.bit_length()} bits"
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + "…"
    return "a list" if isinstance(value, list) else "an object"


def error_body(error: ServingError) -> dict[str, Any]:
    """The error as the design's one shape."""
    status: dict[str, Any] = {
        "code": error.status,
        "reason": error.reason,
        "info": error.info,
        "status": "FAILURE",
        "details": error.details,
    }
    return {"status": status}
