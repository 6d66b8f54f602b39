"""A fitted model as a page: how large it is, and what its trees ask."""

from typing import TYPE_CHECKING

from steps.core.page import Reading, page, table

if TYPE_CHECKING:
    from xgboost import Booster

READING = Reading(
    what="The trees of this model, in XGBoost's own format, and which features they part the houses by.",
    good="Every feature is asked; those that gain most are the ones that the SHAP page ranks first.",
    act="A feature that is never asked tells the model nothing: leave it out, or look at its values in the exploration "
    "report.",
)
HEADS = ("feature", "splits", "share of the splits", "share of the gain")


def booster_page(booster: "Booster", size: int) -> str:
    """The figures of the whole, and of each feature, that with the greatest gain first.

    Args:
        booster: with the names of its features.
        size: of the stored model, in bytes.
    """
    splits, gain = (booster.get_score(importance_type=kind) for kind in ("weight", "total_gain"))
    # XGBoost gives a figure a feature, or a list of them for models with several targets, which ours are not.
    counted = {name: (_figure(splits.get(name, 0.0)), _figure(gain.get(name, 0.0))) for name in _names(booster)}
    all_splits, all_gain = (sum(column) for column in zip(*counted.values(), strict=True))
    lines = [
        (name, f"{count:,.0f}", f"{count / (all_splits or 1):.1%}", f"{gained / (all_gain or 1):.1%}")
        for name, (count, gained) in sorted(counted.items(), key=lambda one: -one[1][1])
    ]
    whole = [
        ("trees", f"{len(booster.get_dump()):,}"),
        ("splits", f"{all_splits:,.0f}"),
        ("features", str(len(lines))),
        ("size", f"{size / 1e6:.2f} MB"),
    ]
    note = "<p class=note>Gain: by how much the splits on a feature lessen the training loss, all trees together.</p>"
    return page("The model's trees", READING, table(("", ""), whole) + table(HEADS, lines) + note)


def _names(booster: "Booster") -> list[str]:
    return list(booster.feature_names or [])


def _figure(score: float | list[float]) -> float:
    return float(sum(score)) if isinstance(score, list) else float(score)
