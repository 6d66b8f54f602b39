"""Boosters for ranges of one column as one booster, whose trees choose by the row's value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

from steps.core.ensembles import Model, Tree, base_score_of, documents_of, joined, model_of
from steps.core.errors import PlatformError

# No finite number is below it.
LOWEST = -float(np.finfo(np.float32).max)
LEAF, NO_PARENT = -1, 2147483647
# The columns of a tree, a value for each node: those that hold numbers of nodes, and what a new root has in the others.
LINKS = ("left_children", "right_children", "parents")
NEW_ROOT: dict[str, Any] = {"left_children": 1, "right_children": 2, "parents": NO_PARENT, "split_type": 0}
NEW_ROOT |= {"base_weights": 0.0, "loss_changes": 0.0}


@dataclass(frozen=True, slots=True)
class Part:
    """The booster of a range.

    Attributes:
        rows: how many are in the range; they weigh it in SHAP values.
    """

    booster: xgboost.Booster
    rows: float


def gated(parts: Sequence[Part], cuts: Sequence[float], missing: int, column: int) -> xgboost.Booster:
    """One booster that gives each row the very prediction of the part in whose range it is.

    The first trees of all parts become one tree, whose splits nearest to the root choose among them by the column; so
    do the second ones, and so on. A row meets the same leaves in the same order as in its part, so that the sum is the
    same bit for bit; SHAP values, ONNX and serving take the result as any other booster.

    Args:
        parts: in the order of their ranges: below the first cut, from the first to below the second, …
        cuts: rising. Nothing but missing values is below LOWEST.
        missing: the position of the part of rows that lack a value.
        column: the position of the feature.

    Raises:
        PlatformError: the boosters differ in their base scores or numbers of trees, or cannot be joined.
    """
    documents = documents_of([part.booster for part in parts])
    models = [model_of(document) for document in documents]
    base_score = _the_same("base score", [base_score_of(document) for document in documents])
    _the_same("number of trees", [len(model["trees"]) for model in models])
    weighed = [
        [_weighed(tree, part.rows) for tree in model["trees"]] for model, part in zip(models, parts, strict=True)
    ]
    trees = [_chosen(same, cuts, missing, column) for same in zip(*weighed, strict=True)]
    model: Model = models[0] | {"trees": trees}
    return joined(documents[0], [model], base_score)


def _the_same(what: str, found: Sequence[float]) -> float:
    if len(set(found)) > 1:
        raise PlatformError(f"The boosters of segments need one {what}; got {', '.join(map(str, found))}.")
    return found[0]


def _weighed(tree: Tree, rows: float) -> Tree:
    """The tree with covers that are as if it had been fitted on so many rows."""
    factor = rows / tree["sum_hessian"][0]
    return tree | {"sum_hessian": [cover * factor for cover in tree["sum_hessian"]]}


def _chosen(trees: Sequence[Tree], cuts: Sequence[float], missing: int, column: int) -> Tree:
    """One tree of several, which halves the ranges until one is left."""
    if len(trees) == 1:
        return trees[0]
    half = len(trees) // 2
    below = _chosen(trees[:half], cuts[: half - 1], missing, column)
    above = _chosen(trees[half:], cuts[half:], missing - half, column)
    split = {"split_conditions": cuts[half - 1], "split_indices": column, "default_left": int(missing < half)}
    return _under_one_root(below, above, split)


def _under_one_root(left: Tree, right: Tree, split: dict[str, Any]) -> Tree:
    """Both trees as the children of a new root: nodes 1 and 2, as XGBoost numbers them; their other nodes follow."""
    ahead = len(left["parents"]) + 1
    root = NEW_ROOT | split | {"sum_hessian": left["sum_hessian"][0] + right["sum_hessian"][0]}
    columns = {}
    for name, value in root.items():
        below, above = left[name], right[name]
        if name in LINKS:
            below, above = _renumbered(below, 1, 2), _renumbered(above, 2, ahead)
        columns[name] = [value, below[0], above[0], *below[1:], *above[1:]]
    columns["parents"][1:3] = [0, 0]
    return left | columns | {"tree_param": left["tree_param"] | {"num_nodes": str(len(columns["parents"]))}}


def _renumbered(links: Sequence[int], root: int, ahead: int) -> list[int]:
    """The numbers of nodes, where the old root has become node `root` and the others have moved by `ahead`."""
    moved = {LEAF: LEAF, NO_PARENT: NO_PARENT, 0: root}
    return [moved.get(link, link + ahead) for link in links]
