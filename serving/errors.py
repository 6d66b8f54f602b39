"""The errors of the serving side, each with the HTTP status and reason that a caller sees."""

from typing import Any


class ServingError(Exception):
    """A fault with an answer for the caller.

    Args:
        info: one sentence: what was wanted, what came, how to mend it.
        details: one entry for each fault: `row`, `feature`, `value`, `allowed`, `remedy`, where they apply.
    """

    status = 500
    reason = "INTERNAL_ERROR"

    def __init__(self, info: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(info)
        self.info = info
        self.details = details or []


class BundleError(ServingError):
    """A model bundle is missing, incomplete, or is not what its digests say."""

    status = 503
    reason = "MODEL_NOT_READY"


class ContractError(ServingError):
    """The Feast registry does not say what the platform needs to know of a feature."""

    status = 503
    reason = "CONTRACT_UNREADABLE"
