"""The tests of one column of the traffic against the training rows: mean, distribution, missing values."""

import math
from dataclasses import dataclass

from scipy import optimize, special, stats

from steps.core.sketches import Sketch


@dataclass(frozen=True, slots=True)
class Tests:
    """How far a column is from its reference, and how likely that is by chance.

    Attributes:
        shift_sd: difference of the means in standard deviations of the reference; NaN of a constant or an empty column.
        ks: Kolmogorov-Smirnov distance.
        missing_difference: share of missing values, less the reference's.
        p_mean, p_ks, p_missing: two-sided, for independent rows; 1 where there is nothing to test.
    """

    shift_sd: float
    ks: float
    missing_difference: float
    p_mean: float
    p_ks: float
    p_missing: float


def independent_share(rows: int, distinct: int) -> float:
    """The share of the rows that counts as independent, 0 to 1, where some are asked for more than once.

    n rows drawn from N houses show about N (1 - exp(-n / N)) different ones, which gives N; N houses drawn from all
    there are, and n rows from those, make means that vary as those of 1 / (1 / n + 1 / N) rows would.
    """
    if not rows or distinct <= 0:
        return 0.0
    if distinct >= rows:
        return 1.0
    share = distinct / rows
    ratio = optimize.brentq(lambda x: -math.expm1(-x) / x - share, 1e-9, 2 / share)  # n / N
    return float(1 / (1 + ratio))


def run_tests(reference: Sketch, current: Sketch, ks: float, independent: float) -> Tests:
    """The tests of a column.

    Args:
        ks: the Kolmogorov-Smirnov distance of the two.
        independent: the share of the current rows that counts.
    """
    n, m = current.values * independent, reference.values
    difference = current.missing_share - reference.missing_share
    return Tests(
        shift_sd=(current.mean - reference.mean) / reference.sd if n and m > 1 and reference.sd > 0 else math.nan,
        ks=ks,
        missing_difference=difference,
        p_mean=_p_mean(reference, current, n),
        # The asymptotic distribution of Kolmogorov; where many values are equal the test is on the safe side.
        p_ks=float(special.kolmogorov(ks * math.sqrt(n * m / (n + m)))) if n and m else 1.0,
        p_missing=_p_shares(
            *(reference.missing_share, reference.rows), *(current.missing_share, current.rows * independent)
        ),
    )


def _p_mean(reference: Sketch, current: Sketch, n: float) -> float:
    """Of a binary column the test of two proportions, else Welch's test with the normal distribution."""
    if not n or reference.values < 2:
        return 1.0
    if reference.is_binary and current.is_binary:
        return _p_shares(reference.mean, reference.values, current.mean, n)
    spread = current.sd if current.values > 1 and math.isfinite(current.sd) else reference.sd
    return _two_sided(current.mean - reference.mean, spread**2 / n + reference.sd**2 / reference.values)


def _p_shares(one: float, n_one: float, other: float, n_other: float) -> float:
    """The test of two proportions with the pooled share."""
    if not n_one or not n_other:
        return 1.0
    pooled = (one * n_one + other * n_other) / (n_one + n_other)
    return _two_sided(other - one, pooled * (1 - pooled) * (1 / n_one + 1 / n_other))


def _two_sided(difference: float, variance: float) -> float:
    if variance <= 0:  # two constants: equal, or certainly different
        return 1.0 if difference == 0 else 0.0
    return float(2 * stats.norm.sf(abs(difference) / math.sqrt(variance)))


def words(reference: Sketch, current: Sketch, tests: Tests) -> dict[str, str]:
    """What each test says, in words."""
    direction = "above" if tests.shift_sd > 0 else "below"
    return {
        "mean": f"mean {current.mean:.4g}, {abs(tests.shift_sd):.1f} standard deviations {direction} the "
        f"training rows' {reference.mean:.4g}",
        "distribution": f"distribution {tests.ks:.2f} away (Kolmogorov-Smirnov)",
        "missing": f"{current.missing_share:.0%} missing against {reference.missing_share:.0%}",
    }
