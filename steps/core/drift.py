"""Whether traffic has drifted from the training rows: a difference must be large, and must not be chance."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from steps.core.column_tests import Tests, independent_share, run_tests, words
from steps.core.drift_verdict import DRIFTED, NOT_ENOUGH, STABLE, ColumnDrift, DriftVerdict, Window
from steps.core.sketches import EMPTY, Sketch, hellinger, ks_distance, population_stability

DAY_S = 86_400
KINDS = 3  # tests of a column: its mean, its distribution, its missing share
TAILS = np.array([0.01, 0.99])


class Sizes(BaseModel):
    """How large a difference must be to count, whatever its significance.

    Attributes:
        mean_shift_sd: of the means, in standard deviations of the training rows.
        ks_distance: of the distribution functions.
        missing_share: of the shares of missing values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean_shift_sd: float = Field(gt=0)
    ks_distance: float = Field(gt=0, lt=1)
    missing_share: float = Field(gt=0, lt=1)


class DriftSettings(BaseModel):
    """When traffic counts as drifted.

    Attributes:
        minimum_rows: with fewer there is no verdict.
        minimum_distinct: nor with fewer different rows: tests take rows as independent, and repeats are not.
        false_alarms_a_day: the highest chance of any false alarm in a day, shared out over all tests of all its
            judgements (Bonferroni).
        judgements_a_day: how often the pipeline runs.
        sizes: what counts as large.
        early_rows, early_sizes: from so many rows on, differences that are even larger are told as a hint.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_rows: int = Field(ge=2)
    minimum_distinct: int = Field(ge=2)
    false_alarms_a_day: float = Field(gt=0, lt=1)
    judgements_a_day: int = Field(ge=1, le=DAY_S)
    sizes: Sizes
    early_rows: int = Field(ge=2)
    early_sizes: Sizes

    def critical(self, columns: int) -> float:
        """The p-value below which one test of one column counts."""
        return self.false_alarms_a_day / (self.judgements_a_day * columns * KINDS)


def judge(
    reference: Mapping[str, Sketch],
    current: Mapping[str, Sketch],
    features: Sequence[str],
    prediction: str,
    window: Window,
    settings: DriftSettings,
    now: datetime | None = None,
) -> DriftVerdict:
    """The verdict on a window.

    Args:
        reference, current: the columns of the training rows and of the window by name; the window may lack any.
        features: those of the model.
        prediction: the column of the prices.
        window: its different rows counted (`distinct_rows`).

    Raises:
        KeyError: the reference lacks a column.
    """
    names = [*features, prediction]
    critical = settings.critical(len(names))
    columns = tuple(
        judge_column(
            name,
            "prediction" if name == prediction else "feature",
            reference[name],
            current.get(name, EMPTY),
            window,
            critical,
            settings,
        )
        for name in names
    )
    drifted = tuple(one.name for one in columns if one.drifted)
    early = tuple(one.name for one in columns if one.early)
    decided = enough(window, settings)
    return DriftVerdict(
        status=NOT_ENOUGH if not decided else DRIFTED if drifted else STABLE,
        reason=_reason(columns, window, settings, decided),
        window=window,
        drifted=tuple(name for name in drifted if name != prediction),
        prediction_drifted=prediction in drifted,
        early=early,
        columns=columns,
        judged_at=(now or datetime.now(UTC)).isoformat(timespec="seconds"),
        next_within_seconds=DAY_S / settings.judgements_a_day,
    )


def judge_column(
    name: str,
    role: Literal["feature", "prediction"],
    reference: Sketch,
    current: Sketch,
    window: Window,
    critical: float,
    settings: DriftSettings,
) -> ColumnDrift:
    """One column of the window beside the training rows."""
    independent = independent_share(window.rows, window.distinct)
    tests = run_tests(reference, current, ks_distance(reference, current) if current.values else 0.0, independent)
    decided = enough(window, settings)
    large = significant(tests, critical, settings.sizes)
    very_large = significant(tests, critical, settings.early_sizes)
    return ColumnDrift(
        name=name,
        role=role,
        rows=current.rows,
        missing_share=current.missing_share,
        reference_missing_share=reference.missing_share,
        mean=_known(current.mean),
        reference_mean=_known(reference.mean),
        sd=_known(current.sd),
        reference_sd=_known(reference.sd),
        score=_known(abs(tests.shift_sd)),
        ks=tests.ks,
        psi=population_stability(reference, current) if current.values else 0.0,
        hellinger=hellinger(reference, current) if current.values else 0.0,
        p_mean=tests.p_mean,
        p_ks=tests.p_ks,
        p_missing=tests.p_missing,
        outside=outside(reference, current),
        drifted=decided and bool(large),
        early=not decided and window.rows >= settings.early_rows and bool(very_large),
        reasons=tuple(words(reference, current, tests)[kind] for kind in large),
    )


def significant(tests: Tests, critical: float, sizes: Sizes) -> tuple[str, ...]:
    """Which of "mean", "distribution" and "missing" are too far apart and not by chance."""
    found = {
        "mean": abs(tests.shift_sd) > sizes.mean_shift_sd and tests.p_mean < critical,
        "distribution": tests.ks > sizes.ks_distance and tests.p_ks < critical,
        "missing": abs(tests.missing_difference) > sizes.missing_share and tests.p_missing < critical,
    }
    return tuple(kind for kind, holds in found.items() if holds)


def enough(window: Window, settings: DriftSettings) -> bool:
    """Whether there is a verdict on so many rows."""
    return window.rows >= settings.minimum_rows and window.distinct >= settings.minimum_distinct


def distinct_rows(current: Mapping[str, Sketch]) -> int:
    """About how many different rows there are: at least as many as different values in any one column."""
    most_rows = max((column.rows for column in current.values()), default=0)
    return min(most_rows, round(max((column.distinct for column in current.values()), default=0)))


def outside(reference: Sketch, current: Sketch) -> float:
    """The share of the current values below the reference's 1 % or above its 99 % quantile."""
    if not (reference.values and current.values):
        return 0.0
    low, high = reference.quantiles(TAILS)
    below, not_above = current.below(np.array([low, np.nextafter(high, np.inf)]))
    return float(below + 1 - not_above)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _reason(columns: Sequence[ColumnDrift], window: Window, settings: DriftSettings, decided: bool) -> str:
    seen = f"{window.rows:,} rows ({window.distinct:,} different) of version {window.version}"
    if not decided:
        early = ", ".join(one.name for one in columns if one.early)
        hint = f" Already far from the training rows: {early}." if early else ""
        return (
            f"No verdict on {seen}: it takes {settings.minimum_rows:,} rows, {settings.minimum_distinct:,} of them "
            f"different.{hint}"
        )
    drifted = [one for one in columns if one.drifted]
    if not drifted:
        return f"{seen} are like the training rows in all {len(columns)} columns."
    told = "; ".join(f"{one.name}: {', '.join(one.reasons)}" for one in drifted)
    return f"{seen} are unlike the training rows. {told}."
