"""Which drifted feature moves the prices, where its houses are, and who asked for them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from steps.core.columns import Matrix
from steps.core.drift_verdict import Caller, ColumnDrift, DriftVerdict, FeatureEffect, Segment
from steps.core.importance import ShapValues
from steps.core.reference import ReferenceShap
from steps.core.sketches import Sketch

CLIENT, TENANT = "client", "tenant"
MOST_SEGMENTS, MOST_CALLERS = 5, 20
TAILS = np.array([0.01, 0.99])


def rank_effects(
    verdict: DriftVerdict, features: Sequence[str], shap: ShapValues | None, reference: ReferenceShap | None
) -> tuple[FeatureEffect, ...]:
    """The features, the likely root cause first: the drifted ones by what they do to the mean price, then the others.

    SHAP values of a row sum to its price, so that their means in the window less those of the training rows sum to the
    change of the mean price: what each feature has to do with it. Where the rows or the reference's values are not at
    hand, the size of the drift times the feature's share of the model takes their place.

    Args:
        shap: of a sample of the window's rows, in the order of `features`.
        reference: of the training rows, for the same features.
    """
    shares, changes = shap_shares(features, shap, reference), price_changes(shap, reference)
    found = []
    for at, name in enumerate(features):
        column = verdict.column(name)
        change = None if changes is None else float(changes[at])
        weighted = drift_size(column) * shares[name]
        found.append(
            FeatureEffect(
                rank=0,
                feature=name,
                drifted=column.drifted,
                shap_share=shares[name],
                weighted=weighted,
                price_effect=change,
            )
        )
    found.sort(key=_place)
    return tuple(one.model_copy(update={"rank": place}) for place, one in enumerate(found, start=1))


def _place(one: FeatureEffect) -> tuple[bool, float]:
    return not one.drifted, -(one.weighted if one.price_effect is None else abs(one.price_effect))


def drift_size(column: ColumnDrift) -> float:
    """How much of a column has moved, 0 to 1: the distance of the distributions, or of the missing shares."""
    return max(column.ks, abs(column.missing_share - column.reference_missing_share))


def shap_shares(
    features: Sequence[str], shap: ShapValues | None, reference: ReferenceShap | None
) -> Mapping[str, float]:
    """Each feature's share of the mean absolute SHAP value of all: of the training rows, else of the window's."""
    if reference is not None:
        sizes = np.array([reference.mean_abs[reference.features.index(name)] for name in features])
    elif shap is not None and len(shap.values):
        sizes = np.abs(shap.values).mean(axis=0).astype(float)
    else:
        sizes = np.ones(len(features))
    return dict(zip(features, (sizes / max(sizes.sum(), np.finfo(float).tiny)).tolist(), strict=True))


def price_changes(shap: ShapValues | None, reference: ReferenceShap | None) -> Matrix | None:
    """(n_features,) mean SHAP value of the window less that of the training rows, in the target's unit, or None."""
    if shap is None or reference is None or not len(shap.values):
        return None
    return np.asarray(shap.values.astype(float).mean(axis=0) - np.asarray(reference.mean))


def find_segments(rows: pd.DataFrame, reference: Mapping[str, Sketch], features: Sequence[str]) -> tuple[Segment, ...]:
    """Where the window's houses differ most from the training rows: the values whose shares have moved furthest.

    Args:
        rows: of the window.
        features: those that part the houses, as zone or kind; the first that the rows have is taken.
    """
    name = next((feature for feature in features if feature in rows and reference[feature].values), None)
    if name is None or not len(rows):
        return ()
    seen = rows[name].value_counts(normalize=True)
    values = np.array(sorted({*seen.index, *reference[name].quantiles(np.linspace(0, 1, 201))}))
    expected = reference[name].below(np.nextafter(values, np.inf)) - reference[name].below(values)
    found = [
        Segment(feature=name, value=value, share=float(seen.get(value, 0.0)), reference_share=share)
        for value, share in zip(values.tolist(), expected.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.share - one.reference_share))[:MOST_SEGMENTS])


def find_callers(rows: pd.DataFrame, feature: str, reference: Sketch) -> tuple[Caller, ...]:
    """Who asked for the window's rows, those with the most rows out of the ordinary first.

    Args:
        rows: with the columns `client`, `tenant` and the feature.
    """
    if not len(rows) or not reference.values:
        return ()
    low, high = reference.quantiles(TAILS)
    marked = rows.assign(outside=(rows[feature] < low) | (rows[feature] > high) | rows[feature].isna())
    groups = marked.groupby([CLIENT, TENANT], sort=True)["outside"].agg(["size", "sum"])
    groups = groups.sort_values(["sum", "size"], ascending=False, kind="stable").head(MOST_CALLERS)
    return tuple(
        Caller(client=client, tenant=tenant, rows=int(size), outside=float(count / size))
        for (client, tenant), size, count in groups.itertuples(name=None)
    )
