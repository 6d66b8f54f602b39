"""What a whylogs profile knows of a column, and how far apart two columns are by their sketches.

Distances come from the quantiles of the KLL sketches: whylogs has such functions in `whylogs.viz`, which wants IPython
and corrects for nothing (docs/decisions/0026).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.records.profile_views import as_view
from steps.core.columns import Matrix

if TYPE_CHECKING:
    from whylogs.core import DatasetProfileView

# Of the sketches' own error nothing is lost with so many quantiles: a distance is right to 0.005.
SHARES = np.linspace(0, 1, 201)
DECILES = SHARES[20:-20:20]
ATOM = 0.05  # a value that so many rows share gets a bin of its own


@dataclass(frozen=True, slots=True)
class Sketch:
    """One column of a profile.

    Attributes:
        rows: all rows, those without a value included.
        missing: rows without a value.
        mean, sd: of the values, NaN where there are too few of them; the sd is the sample's (n - 1).
        distinct: about how many values there are (HyperLogLog, within some per cent).
        kll: whylogs' quantile sketch, None where there is no value.
    """

    rows: int
    missing: int
    mean: float
    sd: float
    distinct: float
    kll: Any

    @property
    def values(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def missing_share(self) -> float:
        """The share of rows without a value; 0 of no rows."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def is_binary(self) -> bool:
        """Whether the values are 0 and 1, both or one of them."""
        ends = (self.kll.get_min_value(), self.kll.get_max_value()) if self.values else ()
        return bool(ends) and round(self.distinct) <= 2 and set(ends) <= {0.0, 1.0}

    def quantiles(self, shares: Matrix) -> Matrix:
        """The values below which these shares of the values lie; of no values none."""
        return np.array(self.kll.get_quantiles(shares.tolist()) if self.values else [], dtype=np.float64)

    def below(self, points: Matrix) -> Matrix:
        """The share of the values that are smaller than each of the points, which increase."""
        if not self.values or not len(points):
            return np.zeros(len(points))
        return np.array(self.kll.get_cdf(points.tolist())[:-1])


EMPTY = Sketch(0, 0, np.nan, np.nan, 0, None)


def read_sketches(profile: bytes) -> dict[str, Sketch]:
    """The columns of a profile file, by name."""
    return sketches_of(as_view(profile))


def sketches_of(view: "DatasetProfileView") -> dict[str, Sketch]:
    """The columns of a profile, by name."""
    return {name: _sketch(column) for name, column in view.get_columns().items()}


def _sketch(column: Any) -> Sketch:
    counts, moments = column.get_metric("counts"), column.get_metric("distribution")
    # A NaN is counted twice by whylogs, as null and as NaN; what is not in the sketch is missing.
    rows, values = int(counts.n.value), int(moments.kll.value.get_n())
    mean, sd = (float(moments.mean.value), float(moments.stddev)) if values else (np.nan, np.nan)
    distinct = float(column.get_metric("cardinality").hll.value.get_estimate())
    return Sketch(rows, rows - values, mean, sd, distinct, moments.kll.value if values else None)


def ks_distance(one: Sketch, other: Sketch) -> float:
    """The Kolmogorov-Smirnov distance, 0 to 1: the largest difference of the two distribution functions."""
    points = np.unique(np.concatenate([one.quantiles(SHARES), other.quantiles(SHARES)]))
    # At a value that many rows share the function jumps: look on both sides of it.
    points = np.unique(np.concatenate([points, np.nextafter(points, np.inf)]))
    return float(np.abs(one.below(points) - other.below(points)).max(initial=0.0))


def bin_edges(reference: Sketch) -> Matrix:
    """The inner edges of about ten bins of equal shares of the reference; a value of many rows has its own."""
    edges = np.unique(reference.quantiles(DECILES))
    after = np.nextafter(edges, np.inf)
    atoms = (reference.below(after) - reference.below(edges)) > ATOM
    return np.unique(np.concatenate([edges, after[atoms]]))


def shares_of(sketch: Sketch, edges: Matrix) -> Matrix:
    """(edges + 1,) the share of the values in each bin, half a row added to each, so that none is empty."""
    shares = np.diff(np.concatenate([[0.0], sketch.below(edges), [1.0]])) if sketch.values else np.zeros(len(edges) + 1)
    counts = shares * sketch.values + 0.5
    return np.asarray(counts / counts.sum())


def population_stability(reference: Sketch, current: Sketch) -> float:
    """The population stability index over the reference's bins; 0 where they are alike (Siddiqi 2006, chapter 9)."""
    edges = bin_edges(reference)
    expected, found = shares_of(reference, edges), shares_of(current, edges)
    return float(((found - expected) * np.log(found / expected)).sum())


def hellinger(reference: Sketch, current: Sketch) -> float:
    """The Hellinger distance over the reference's bins, 0 to 1."""
    edges = bin_edges(reference)
    roots = np.sqrt(shares_of(reference, edges)) - np.sqrt(shares_of(current, edges))
    return float(np.sqrt((roots**2).sum() / 2))
