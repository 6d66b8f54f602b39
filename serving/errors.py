"""The errors of the serving side, each with the HTTP status and reason that a caller sees."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serving.client import Client


class ServingError(Exception):
    """A fault with an answer for the caller.

    Args:
        info: one sentence: what was wanted, what came, how to mend it.
        details: one entry for each fault: `row`, `feature`, `value`, `allowed`, `remedy`, where they apply.
    """

    status = 500
    reason = "INTERNAL_ERROR"
    needs_no_traceback = True  # zenml_config/environment.py ends a process with the message alone
    headers: tuple[tuple[str, str], ...] = ()

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


class NotReadyError(ServingError):
    """No model is loaded yet."""

    status = 503
    reason = "MODEL_NOT_READY"


class OnlineStoreError(ServingError):
    """The online store does not answer."""

    status = 503
    reason = "ONLINE_STORE_UNAVAILABLE"
    headers = (("Retry-After", "1"),)


class MalformedError(ServingError):
    """The body is not JSON."""

    status = 400
    reason = "NOT_JSON"


class InvalidRequestError(ServingError):
    """The body is JSON and asks for what the contract does not allow."""

    status = 422
    reason = "INVALID_FEATURES"


class UnauthorizedError(ServingError):
    """The call brings no key that is valid.

    Args:
        fault: `missing`, `unknown` or `revoked`, for the audit.
        client: whose key it was.
    """

    status = 401
    reason = "UNAUTHORIZED"
    # RFC 9110, 11.6.1: a 401 names at least one challenge.
    headers = (("WWW-Authenticate", 'ApiKey realm="house-price", header="X-API-Key"'),)

    def __init__(self, info: str, fault: str, client: "Client | None" = None) -> None:
        super().__init__(info)
        self.fault = fault
        self.client = client


class OutsideTenantError(ServingError):
    """The key may not ask for this: the house or the receipt belongs to someone else."""

    status = 403
    reason = "OUTSIDE_TENANT"


class LimitError(ServingError):
    """The key has had all the calls of its limit.

    Args:
        limit: calls a minute.
        retry_after_s: whole seconds until the next call is admitted.
    """

    status = 429
    reason = "RATE_LIMITED"

    def __init__(self, info: str, limit: int, retry_after_s: int) -> None:
        super().__init__(info)
        rest = (("X-RateLimit-Limit", str(limit)), ("X-RateLimit-Remaining", "0"))
        self.headers = (("Retry-After", str(retry_after_s)), *rest)


class KeysError(ServingError):
    """The API keys cannot be read, or not be changed as it was asked."""

    status = 503
    reason = "KEYS_UNREADABLE"


class LimitsError(ServingError):
    """Whether a key is within its limit cannot be found out: the call is not admitted."""

    status = 503
    reason = "LIMITS_UNAVAILABLE"
    headers = (("Retry-After", "1"),)


class UnknownHouseError(ServingError):
    """The online store has nothing of a house."""

    status = 404
    reason = "HOUSE_NOT_FOUND"


class ExpiredFeaturesError(ServingError):
    """The stored features of a house are older than their view allows."""

    status = 404
    reason = "FEATURES_EXPIRED"


class UnknownReceiptError(ServingError):
    """There is no receipt, or row of one, under this id."""

    status = 404
    reason = "RECEIPT_NOT_FOUND"


class MalformedReceiptError(ServingError):
    """What was sent as a receipt's id is none."""

    status = 422
    reason = "MALFORMED_RECEIPT"


class AlteredReceiptError(ServingError):
    """What is kept under a receipt's id is not what the id was given for."""

    status = 422
    reason = "RECEIPT_ALTERED"


class NotRebuiltError(ServingError):
    """What a prediction was made with is not there any more, or is not what it was."""

    status = 404
    reason = "NOT_REBUILT"


class NotStoredError(ServingError):
    """What a caller sent to be kept could not be written."""

    status = 503
    reason = "NOT_STORED"


class ServiceUnreachableError(ServingError):
    """The console cannot reach the service that it shows."""

    status = 503
    reason = "SERVICE_UNREACHABLE"
    headers = (("Retry-After", "3"),)


class NoLengthError(ServingError):
    """The console is not told how long a body is."""

    status = 411
    reason = "LENGTH_REQUIRED"


class ForeignPageError(ServingError):
    """A page of another site asks in its reader's name."""

    status = 403
    reason = "FOREIGN_PAGE"


class StoreError(ServingError):
    """The store of the profiles of all machines cannot be reached."""

    status = 503
    reason = "PROFILE_STORE_UNAVAILABLE"


class NoVerdictError(ServingError):
    """There is no verdict on drift yet."""

    status = 404
    reason = "NO_DRIFT_VERDICT"


class UnknownPathError(ServingError):
    """Nothing is served under this path."""

    status = 404
    reason = "PATH_NOT_FOUND"


class MethodError(ServingError):
    """The path is served, not with this method."""

    status = 405
    reason = "METHOD_NOT_ALLOWED"

    def __init__(self, info: str, allowed: Iterable[str]) -> None:
        super().__init__(info)
        self.headers = (("Allow", ", ".join(allowed)),)


class TooLargeError(ServingError):
    """The request has more rows or bytes than the service takes."""

    status = 413
    reason = "TOO_LARGE"


class MediaTypeError(ServingError):
    """The body is not declared as JSON."""

    status = 415
    reason = "UNSUPPORTED_MEDIA_TYPE"


class ServiceError(ServingError):
    """The service's processes could not be started, rolled or stopped."""

    status = 503
    reason = "SERVICE_NOT_STARTED"


class AlertsError(ServingError):
    """Where alerts go, or how they are signed, is not usable."""

    status = 503
    reason = "ALERTS_NOT_CONFIGURED"


class RolloutError(ServingError):
    """A challenger cannot be tried beside the champion as it was asked."""

    status = 409
    reason = "ROLLOUT_NOT_POSSIBLE"
