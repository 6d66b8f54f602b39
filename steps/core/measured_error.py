"""From predictions with their true prices to the verdict on a model's live error."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from serving.client import tenant_of
from serving.pricing.intervals import Intervals
from serving.records.live_error import NOT_ENOUGH
from steps.core.columns import Matrix
from steps.core.error_estimate import expected_error
from steps.core.error_tests import ErrorSettings, decide, gather
from steps.core.live_error import (
    CallerError,
    DayError,
    Estimate,
    Evidence,
    LiveError,
    Promise,
    Status,
    TierError,
    Truths,
    VersionError,
)
from steps.core.live_figures import ERROR, HOUSE, OUTSIDE, TRUTH, bootstrapped, coverage
from steps.core.price_tiers import tier_rows
from steps.core.reference_errors import ReferenceErrors

DAY_S = 86_400
MOST_CALLERS = 20
FEWEST_ROWS = 20  # of a day, for an estimate: as many as a judgement of it takes
NO_PROMISE: tuple[Status, str] = (NOT_ENOUGH, "The version's bundle is gone, and what it promised with it.")
VERSION, PRICE, LOW, HIGH, PRICED_AT, KNOWN_AT = "version", "price", "low", "high", "priced_at", "known_at"
RECEIVED_AT, CLIENT, SHADOW, FEATURES, DAY = "received_at", "client", "shadow", "features", "day"
COLUMNS = (VERSION, HOUSE, TRUTH, PRICE, LOW, HIGH, PRICED_AT, KNOWN_AT, RECEIVED_AT, CLIENT, SHADOW, FEATURES)


@dataclass(frozen=True, slots=True)
class Standard:
    """What a version's bundle promises.

    Attributes:
        metrics: of training, by name.
        intervals: of the version.
        coverage: that they are to have.
        maximum: the contract's highest price.
        errors: out of fold; None: the bundle is from before they were kept.
        trained_on: the ids of the houses that it was trained on.
    """

    metrics: Mapping[str, float]
    intervals: Intervals
    coverage: float
    maximum: float
    errors: ReferenceErrors | None
    trained_on: frozenset[str] = frozenset()

    def promise(self, settings: ErrorSettings) -> Promise:
        """What training found. Without the single errors the mean of the clipped ones is at most the mean of all."""
        mae = self.metrics.get("cv_mae")
        clipped_at = None if mae is None else settings.clipped_at * mae
        clipped = mae
        if self.errors is not None and clipped_at is not None:
            clipped = float(np.minimum(np.abs(self.errors.errors), clipped_at).mean())
        return Promise(
            mae=mae,
            rmse=self.metrics.get("cv_rmse"),
            rmse_sd=self.metrics.get("cv_rmse_sd"),
            r2=self.metrics.get("cv_r2"),
            coverage=self.coverage,
            clipped_mae=clipped,
            clipped_at=clipped_at,
        )


def measure(
    rows: pd.DataFrame,
    served: pd.DataFrame,
    truths: Truths,
    standards: Mapping[str, Standard],
    model: str,
    champion: str,
    settings: ErrorSettings,
    now: datetime,
) -> LiveError:
    """The verdict on the champion, and what is known of the other versions.

    Args:
        rows: the columns of `COLUMNS`, one row for each prediction with a true price, in the order in which they came.
        served: a sample of the champion's served rows, with or without true price: raw features and the price.
        standards: by version; one whose bundle is gone is missing.
    """
    known = with_errors(rows, standards)
    others = sorted(set(known[VERSION]) - {champion}, key=lambda one: (len(one), one), reverse=True)
    versions = tuple(
        of_version(version, known[known[VERSION] == version], standards.get(version), settings)
        for version in (champion, *others)
    )
    own = known[(known[VERSION] == champion) & ~known[SHADOW].astype(bool)]
    standard = standards[champion]
    days = by_day(own, standard.errors)
    return LiveError(
        status=versions[0].status,
        reason=versions[0].reason,
        model=model,
        version=champion,
        start=(now - timedelta(days=settings.days)).isoformat(timespec="seconds"),
        end=now.isoformat(timespec="seconds"),
        truths=truths,
        versions=versions,
        by_day=days,
        callers=by_caller(own),
        estimate=estimated(served, standard, days),
        judged_at=now.isoformat(timespec="seconds"),
        next_within_seconds=DAY_S / settings.judgements_a_day,
    )


def with_errors(rows: pd.DataFrame, standards: Mapping[str, Standard]) -> pd.DataFrame:
    """The rows with `error` (predicted less true), `outside` (1, 0, or NaN without an interval) and `day`.

    A row that nobody was answered with has the interval that its version's bundle gives.
    """
    known = rows.assign(**{name: rows[name].astype("float64") for name in (PRICE, TRUTH, LOW, HIGH)})
    for version, standard in standards.items():
        bare = (known[VERSION] == version) & known[LOW].isna()
        if bare.any():
            low, high = standard.intervals.around(known.loc[bare, PRICE].to_numpy())
            known.loc[bare, LOW], known.loc[bare, HIGH] = low, high
    outside = ((known[TRUTH] < known[LOW]) | (known[TRUTH] > known[HIGH])).astype("float64")
    known[ERROR] = known[PRICE] - known[TRUTH]
    known[OUTSIDE] = outside.where(known[LOW].notna())
    known[DAY] = days_of(known[KNOWN_AT])
    return known.reset_index(drop=True)


def days_of(moments: "pd.Series[float]") -> list[str]:
    """The days, UTC, of times in seconds since 1970."""
    return [datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d") for moment in moments]


def of_version(version: str, rows: pd.DataFrame, standard: Standard | None, settings: ErrorSettings) -> VersionError:
    """The figures of one version, and the verdict on it."""
    houses = rows.drop_duplicates(HOUSE, keep="last")  # the newest of each house, in the order in which they came
    outside = houses[OUTSIDE].to_numpy("float64")
    promise: Promise | None = None
    evidence: tuple[Evidence, ...] = ()
    status, reason = NO_PROMISE
    if standard is not None:
        promise = standard.promise(settings)
        errors = np.abs(houses[ERROR].to_numpy("float64"))
        evidence = gather(days_of(houses[RECEIVED_AT]), errors, outside, promise, settings)
        status, reason = decide(len(houses), evidence, settings)
    delays = np.maximum(rows[KNOWN_AT].to_numpy("float64") - rows[PRICED_AT].to_numpy("float64"), 0) / DAY_S
    return VersionError(
        version=version,
        rows=len(rows),
        houses=len(houses),
        shadow_rows=int(rows[SHADOW].sum()),
        trained_houses=0 if standard is None else int(houses[HOUSE].isin(standard.trained_on).sum()),
        **bootstrapped(rows, settings.confidence, settings.resamples, settings.seed),
        coverage=coverage(outside, settings.confidence),
        delay_days=float(np.median(delays)) if len(rows) else None,
        delay_days_90=float(np.quantile(delays, 0.9)) if len(rows) else None,
        tiers=() if standard is None else by_tier(rows, standard),
        promise=promise,
        evidence=evidence,
        status=status,
        reason=reason,
    )


def by_tier(rows: pd.DataFrame, standard: Standard) -> tuple[TierError, ...]:
    """The rows by tier of the true price, as the model card has them; none without the out-of-fold errors."""
    if standard.errors is None or not len(rows):
        return ()
    edges, truth = standard.errors.tier_edges, np.array(standard.errors.truth)
    promised = {
        name: _rmse(standard.errors.errors[:, at]) for name, at in tier_rows(truth, edges, standard.maximum).items()
    }
    found = []
    for name, at in tier_rows(rows[TRUTH].to_numpy("float64"), edges, standard.maximum).items():
        part = rows[at]
        errors = part[ERROR].to_numpy("float64")
        found.append(
            TierError(
                name=name,
                rows=len(part),
                houses=part[HOUSE].nunique(),
                rmse=_rmse(errors),
                mae=float(np.abs(errors).mean()),
                bias=float(errors.mean()),
                coverage=_held(part),
                promised_rmse=promised.get(name),
            )
        )
    return tuple(found)


def by_day(rows: pd.DataFrame, reference: ReferenceErrors | None) -> tuple[DayError, ...]:
    """The rows by the day on which their price became known, with the estimate of those rows where it can be made."""
    found = []
    for day, part in rows.groupby(DAY, sort=True):
        errors = part[ERROR].to_numpy("float64")
        seen = part[part[FEATURES].notna()]
        expected = None
        if reference is not None and len(seen) >= FEWEST_ROWS and len(seen) == len(part):
            expected = expected_error(reference, matrix_of(seen[FEATURES]), seen[PRICE].to_numpy("float64"))
        found.append(
            DayError(
                day=str(day),
                rows=len(part),
                mae=float(np.abs(errors).mean()),
                rmse=_rmse(errors),
                bias=float(errors.mean()),
                coverage=_held(part),
                estimated_mae=None if expected is None else expected.mae,
                estimated_rmse=None if expected is None else expected.rmse,
            )
        )
    return tuple(found)


def by_caller(rows: pd.DataFrame) -> tuple[CallerError, ...]:
    """The clients that were answered, those with the largest mean absolute error first."""
    found = [
        CallerError(
            client=str(client),
            tenant=tenant_of(str(client)),
            rows=len(part),
            mae=float(part[ERROR].abs().mean()),
            outside=None if part[OUTSIDE].isna().all() else float(part[OUTSIDE].mean()),
        )
        for client, part in rows.groupby(CLIENT, sort=True)
    ]
    return tuple(sorted(found, key=lambda one: one.mae, reverse=True)[:MOST_CALLERS])


def estimated(served: pd.DataFrame, standard: Standard, days: tuple[DayError, ...]) -> Estimate | None:
    """The error that the served rows let expect, and how far such estimates were off on the days that are known."""
    if standard.errors is None or len(served) < FEWEST_ROWS:
        return None
    names = list(standard.errors.features)
    expected = expected_error(standard.errors, served[names].to_numpy("float64"), served[PRICE].to_numpy("float64"))
    past = [(one.estimated_mae, one.mae) for one in days if one.estimated_mae is not None]
    promised = float(np.abs(standard.errors.errors).mean())
    return Estimate(
        rows=len(served),
        mae=expected.mae,
        rmse=expected.rmse,
        effective_rows=expected.effective,
        days=len(past),
        missed_by=float(np.mean([abs(guess - true) for guess, true in past])) if past else None,
        naive_missed_by=float(np.mean([abs(promised - true) for _, true in past])) if past else None,
    )


def matrix_of(rows: Any) -> Matrix:
    """(n, features) of a column of rows; missing values are NaN."""
    return np.array(rows.tolist(), dtype=np.float64)


def _rmse(errors: Matrix) -> float:
    return float(np.sqrt((errors**2).mean()))


def _held(rows: pd.DataFrame) -> float | None:
    return None if rows[OUTSIDE].isna().all() else float(1 - rows[OUTSIDE].mean())
