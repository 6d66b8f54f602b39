"""What the monitoring says of the error against true prices: by model version, with how sure each figure is."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA = 1
Status = Literal["worse than promised", "as promised", "not enough truths"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Figure(_Model):
    """A figure of quality and the ends of its confidence interval."""

    value: float
    low: float
    high: float


class Promise(_Model):
    """What training found by cross-validation, in the target's unit.

    Attributes:
        rmse_sd: the standard deviation of the RMSE between folds.
        coverage: the share of true prices that the intervals are to hold.
        clipped_mae: the mean absolute error where each error counts up to `clipped_at`.
    """

    mae: float | None
    rmse: float | None
    rmse_sd: float | None
    r2: float | None
    coverage: float
    clipped_mae: float | None
    clipped_at: float | None


class TierError(_Model):
    """The rows of a tier of the true price.

    Attributes:
        name: as in the model card: "cheapest third" and so on, or "at the cap".
        promised_rmse: of the out-of-fold predictions of the training rows of the tier; None: they are not known.
    """

    name: str
    rows: int
    houses: int
    rmse: float
    mae: float
    bias: float
    coverage: float | None
    promised_rmse: float | None


class Evidence(_Model):
    """One test of "no worse than promised".

    Attributes:
        e_value: the evidence against it: the wealth of a bettor who began with 1.
        critical: from here on it is shown.
        since: the day, UTC, from which on the true prices give this evidence; empty: there are none.
        allowed: the mean that is tested against.
        mean: the mean of the observations since then, in the same unit.
    """

    test: Literal["error", "coverage"]
    e_value: float
    critical: float
    since: str
    allowed: float
    mean: float | None

    @property
    def shown(self) -> bool:
        """Whether it is worse."""
        return self.e_value >= self.critical


class VersionError(_Model):
    """One model version against true prices.

    Attributes:
        rows: predictions with a true price, each once.
        houses: of them that are different.
        shadow_rows: of the rows, those that nobody was answered with.
        trained_houses: of the houses, those that the version was trained on, as far as house ids tell: if their prices
            are the ones that it learned, they flatter it.
        rmse, mae, bias, r2: with intervals by a bootstrap of houses; bias is predicted less true. None: too few.
        coverage: the share of true prices in their intervals, a house counting once.
        delay_days: from the prediction until the price was known, the median; `delay_days_90`: nine tenths are quicker.
        promise: None: the version's bundle is gone; then there is no verdict.
    """

    version: str
    rows: int
    houses: int
    shadow_rows: int
    trained_houses: int
    rmse: Figure | None
    mae: Figure | None
    bias: Figure | None
    r2: Figure | None
    coverage: Figure | None
    delay_days: float | None
    delay_days_90: float | None
    tiers: tuple[TierError, ...]
    promise: Promise | None
    evidence: tuple[Evidence, ...]
    status: Status
    reason: str


class DayError(_Model):
    """The champion's predictions whose true prices became known on a day.

    Attributes:
        estimated_mae, estimated_rmse: what the estimate says of the same predictions; None: it cannot be made.
    """

    day: str
    rows: int
    mae: float
    rmse: float
    bias: float
    coverage: float | None
    estimated_mae: float | None
    estimated_rmse: float | None


class Estimate(_Model):
    """The error that is expected of the served window, before its true prices come.

    It knows how hard the houses are, not whether prices have changed: a drift of the concept is not in it.

    Attributes:
        rows: of the window, a sample.
        mae, rmse: in the target's unit.
        effective_rows: of how many training rows it is worth: few, where the served houses are unlike them.
        days: of the past that it could be checked on.
        missed_by: how far it was from the mean absolute error of those days, on average.
        naive_missed_by: the same of "as in cross-validation".
    """

    rows: int
    mae: float
    rmse: float
    effective_rows: float
    days: int
    missed_by: float | None
    naive_missed_by: float | None


class CallerError(_Model):
    """A client that was answered, and its tenant: its rows with a true price.

    Attributes:
        outside: the share of true prices outside of their intervals.
    """

    client: str
    tenant: str
    rows: int
    mae: float
    outside: float | None


class Truths(_Model):
    """The true prices of the window.

    Attributes:
        received: distinct ones, tests of the service left out.
        joined: that belong to a prediction of which a receipt, or the truth's own copy of it, is at hand.
        replaced: of them that a later one for the same prediction replaced.
        without_prediction: the house was not priced before, or by another machine, or too long ago.
    """

    received: int
    joined: int
    replaced: int
    without_prediction: int


class LiveError(_Model):
    """Whether the champion's errors are what training promised.

    Attributes:
        status, reason: of the champion; "not enough truths" is no verdict.
        version: of the champion.
        start, end: ISO 8601, UTC: of the window in which true prices became known.
        versions: every version with a true price in the window, and the champion first.
        by_day: of the champion, the oldest day first.
        judged_at: ISO 8601, UTC.
        next_within_seconds: when the next judgement is due; a verdict that is older than twice that is stale.
    """

    schema_version: int = SCHEMA
    status: Status
    reason: str
    model: str
    version: str
    start: str
    end: str
    truths: Truths
    versions: tuple[VersionError, ...]
    by_day: tuple[DayError, ...]
    callers: tuple[CallerError, ...]
    estimate: Estimate | None
    judged_at: str
    next_within_seconds: float

    @property
    def champion(self) -> VersionError:
        """What is known of the champion."""
        return self.versions[0]

    def summary(self) -> str:
        """The verdict in one sentence."""
        return f"Live error of version {self.version}: {self.status}. {self.reason}"
