"""What the monitoring says of a window of traffic, and `/drift` answers: the verdict, its columns, its root cause."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from serving.records.drift import STATUSES

SCHEMA = 1
DRIFTED, STABLE, NOT_ENOUGH = STATUSES


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Window(_Model):
    """The traffic that was judged.

    Attributes:
        version: of the model that priced it.
        start, end: ISO 8601, UTC: from the start of the first hour to the end of the last one, or to now.
        hours: how many hours with traffic.
        rows: rows priced, probes left out.
        distinct: about how many different rows: of a house that is asked for twice the second time tells nothing new.
    """

    model: str
    version: str
    start: str
    end: str
    hours: int
    rows: int
    distinct: int


class ColumnDrift(_Model):
    """One feature, or the prediction, in the window beside the training rows.

    Attributes:
        score: |mean - reference mean| / reference sd, the first version's score; None of a constant or an empty column.
        ks: the Kolmogorov-Smirnov distance of the distributions, 0 to 1.
        psi: the population stability index over the reference's deciles.
        hellinger: the Hellinger distance over the same bins, 0 to 1.
        p_mean, p_ks, p_missing: how likely so large a difference of means, distributions or missing shares is by
            chance, for rows that are independent; before any correction.
        drifted: a difference is large and is not chance.
        early: the same by the stricter rule for little traffic; there is no verdict of it.
        outside: the share of the window's values below the reference's 1 % or above its 99 % quantile.
        reasons: in words, the differences that count.
    """

    name: str
    role: Literal["feature", "prediction"]
    rows: int
    missing_share: float
    reference_missing_share: float
    mean: float | None
    reference_mean: float | None
    sd: float | None
    reference_sd: float | None
    score: float | None
    ks: float
    psi: float
    hellinger: float
    p_mean: float
    p_ks: float
    p_missing: float
    outside: float
    drifted: bool
    early: bool
    reasons: tuple[str, ...]


class FeatureEffect(_Model):
    """What the drift of a feature does to the prices.

    Attributes:
        rank: 1 for the likely root cause.
        shap_share: the share of the mean absolute SHAP value of all features: how much the model leans on it.
        weighted: size of the drift times `shap_share`.
        price_effect: mean SHAP value in the window less that of the training rows, in the target's unit: over all
            features these sum to the change of the mean price. None where the rows are not at hand.
    """

    rank: int
    feature: str
    drifted: bool
    shap_share: float
    weighted: float
    price_effect: float | None


class Segment(_Model):
    """Houses with one value of a feature: their share of the window and of the training rows."""

    feature: str
    value: float
    share: float
    reference_share: float


class Caller(_Model):
    """A client and, where there are tenants, its tenant: its rows, and the share of them that is out of the ordinary.

    Attributes:
        outside: the share of its rows in which the first-ranked feature is outside the reference's 1 to 99 %.
    """

    client: str
    tenant: str
    rows: int
    outside: float


class RootCause(_Model):
    """Where the drift comes from and whom it concerns.

    Attributes:
        effects: all features of the model, the likely cause first.
        price_change: mean price of the window less that of the training rows, in the target's unit; None as above.
        sampled_rows: rows of the window that the effects, segments and callers were found from.
        feature_services: those of Feast that hand out a drifted feature, or one computed from it.
        model_versions: the registered versions that use one, with their aliases.
        segments: where the window's houses differ most from the training rows, the largest difference first.
    """

    effects: tuple[FeatureEffect, ...]
    price_change: float | None
    sampled_rows: int
    feature_services: tuple[str, ...]
    model_versions: tuple[str, ...]
    segments: tuple[Segment, ...]
    callers: tuple[Caller, ...]


class DriftVerdict(_Model):
    """Whether the traffic of a window is what the model was trained on.

    Attributes:
        status: "not enough data" is no verdict: neither drifted nor stable.
        reason: in plain words.
        drifted: the drifted features, by name; the prediction is told of in `prediction_drifted`.
        early: columns that would be called drifted by the stricter rule for little traffic; a hint, not a verdict.
        judged_at: ISO 8601, UTC.
        next_within_seconds: when the next judgement is due; a verdict that is older than twice that is stale.
    """

    schema_version: int = SCHEMA
    status: Literal["drifted", "stable", "not enough data"]
    reason: str
    window: Window
    drifted: tuple[str, ...]
    prediction_drifted: bool
    early: tuple[str, ...]
    columns: tuple[ColumnDrift, ...]
    judged_at: str
    next_within_seconds: float
    root_cause: RootCause | None = None

    def column(self, name: str) -> ColumnDrift:
        """The column of that name.

        Raises:
            KeyError: there is none.
        """
        return {column.name: column for column in self.columns}[name]
