"""Whether true prices show that a model is worse than promised: evidence that may be looked at at any time."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from serving.records.live_error import NOT_ENOUGH, PROMISED, WORSE
from serving.rollouts.sequential import Wealth
from steps.core.columns import Matrix
from steps.core.live_error import Evidence, Promise, Status

Test = Literal["error", "coverage"]
TESTS = 2
HIGHEST_SHARE = 0.99  # that everything may be outside cannot be tested


class ErrorSettings(BaseModel):
    """Which true prices are judged, and when a model counts as worse than promised.

    Attributes:
        days: true prices that became known longer ago do not count.
        longest_wait_days: nor do those of predictions that are older than this when the price becomes known.
        minimum_houses: with fewer there is no verdict.
        false_alarms_a_day: the highest chance that the true prices from a day on ever call a model worse that is not,
            shared out over the tests.
        judgements_a_day: how often the pipeline runs; no test depends on it.
        error_ratio: the mean absolute error may be so many times the promised one.
        coverage_loss: the intervals may hold a share of the true prices that is smaller by this.
        clipped_at: an error counts up to so many times the promised mean absolute error.
        confidence: of the intervals.
        resamples, seed: of the bootstrap.
        estimate_rows: so many of the served rows are looked at for the estimate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(ge=1, le=3660)
    longest_wait_days: int = Field(ge=1, le=3660)
    minimum_houses: int = Field(ge=2)
    false_alarms_a_day: float = Field(gt=0, lt=1)
    judgements_a_day: int = Field(ge=1, le=86_400)
    error_ratio: float = Field(ge=1)
    coverage_loss: float = Field(ge=0, lt=1)
    clipped_at: float = Field(gt=1)
    confidence: float = Field(gt=0.5, lt=1)
    resamples: int = Field(ge=100, le=100_000)
    seed: int = Field(ge=0)
    estimate_rows: int = Field(ge=1, le=100_000)

    @property
    def critical(self) -> float:
        """The e-value at which one test decides."""
        return TESTS / self.false_alarms_a_day


def gather(
    days: Sequence[str], errors: Matrix, outside: Matrix, promise: Promise, settings: ErrorSettings
) -> tuple[Evidence, ...]:
    """The evidence of those tests for which there is a promise.

    Args:
        days: (n,) when the true price of each house came, ascending; each house once.
        errors: (n,) absolute errors.
        outside: (n,) 1 where the true price is outside of its interval, else 0; NaN where there is no interval.
    """
    limits = allowed_means(promise, settings)
    found = []
    if "error" in limits and promise.clipped_at is not None:
        found.append(weigh("error", days, np.minimum(errors, promise.clipped_at), limits["error"], settings))
    known = np.isfinite(outside)
    covered = [day for day, is_known in zip(days, known, strict=True) if is_known]
    found.append(weigh("coverage", covered, outside[known], limits["coverage"], settings))
    return tuple(found)


def allowed_means(promise: Promise, settings: ErrorSettings) -> dict[Test, float]:
    """The greatest mean that is as promised, by test: of the clipped absolute errors, of the share outside."""
    limits: dict[Test, float] = {}
    if promise.clipped_mae is not None:
        limits["error"] = settings.error_ratio * promise.clipped_mae
    return limits | {"coverage": min(1 - promise.coverage + settings.coverage_loss, HIGHEST_SHARE)}


class SinceEachDay:
    """The evidence from each day on that the observations are greater on average than allowed.

    On each day a bettor begins who bets on all that comes from then on, and is wrong ever with a probability of at most
    1 / threshold (Ville's inequality): so looking again, at windows that overlap, costs nothing, and each day adds no
    more to the expected number of false alarms than that (e-detectors: Shin, Ramdas and Rinaldo 2024). What begins to
    go wrong on a day is not diluted by the days before it.

    Args:
        allowed: the greatest mean that is as promised.
    """

    def __init__(self, allowed: float) -> None:
        self.allowed = allowed
        self._bettors: dict[str, Wealth] = {}

    def add(self, day: str, value: float) -> None:
        """Take one observation of that day or later, at least 0."""
        if day not in self._bettors:
            self._bettors[day] = Wealth(self.allowed, 0.0)
        for bettor in self._bettors.values():
            bettor.add(value)

    @property
    def strongest(self) -> tuple[str, float]:
        """The day from which on there is most evidence, and how much; before the first day "" and 1."""
        found = {day: bettor.e_value for day, bettor in self._bettors.items()}
        day = max(found, key=lambda one: found[one], default="")
        return day, found.get(day, 1.0)


def weigh(test: Test, days: Sequence[str], values: Matrix, allowed: float, settings: ErrorSettings) -> Evidence:
    """The strongest evidence against "the mean is at most `allowed`".

    Args:
        values: (n,) at least 0.
    """
    bettors = SinceEachDay(allowed)
    for day, value in zip(days, values.tolist(), strict=True):
        bettors.add(day, value)
    since, e_value = bettors.strongest
    later = values[[day >= since for day in days]]
    mean = float(later.mean()) if len(later) else None
    return Evidence(test=test, e_value=e_value, critical=settings.critical, since=since, allowed=allowed, mean=mean)


def decide(houses: int, evidence: Sequence[Evidence], settings: ErrorSettings) -> tuple[Status, str]:
    """The verdict and its reason in words."""
    if houses < settings.minimum_houses:
        return NOT_ENOUGH, f"{houses} houses with a true price; a verdict takes {settings.minimum_houses}."
    if not any(one.test == "error" for one in evidence):
        return NOT_ENOUGH, "The bundle does not say how large its errors were in cross-validation."
    shown = [one for one in evidence if one.shown]
    if shown:
        return WORSE, " ".join(_words(one) for one in shown)
    return PROMISED, f"{houses} houses with a true price do not show errors beyond what training promised."


def _words(one: Evidence) -> str:
    mean = one.mean or 0.0
    if one.test == "error":
        return (
            f"Since {one.since} the mean absolute error, clipped, is {mean:.2f}, where {one.allowed:.2f} is allowed "
            f"(evidence {one.e_value:.3g}, {one.critical:g} decides)."
        )
    return (
        f"Since {one.since} {mean:.0%} of the true prices are outside of their intervals, where {one.allowed:.0%} are "
        f"allowed (evidence {one.e_value:.3g}, {one.critical:g} decides)."
    )
