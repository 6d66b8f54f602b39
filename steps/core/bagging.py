"""Several boosters as one that predicts their mean."""

from collections.abc import Sequence

import xgboost

from steps.core.ensembles import Model, Tree, base_score_of, documents_of, joined, model_of


def merged(boosters: Sequence[xgboost.Booster]) -> xgboost.Booster:
    """One booster in XGBoost's own format: the trees of all, each leaf divided by their number.

    A booster's prediction is its base score plus a leaf of each tree, so the mean of k boosters is the mean base score
    plus the k-th part of every leaf. Serving, SHAP values and ONNX take the result as any other booster. Single
    precision: predictions differ from the mean by the rounding of the leaves and of their sum (2.7e-6 of it
    at most with five times 200 trees).

    Raises:
        PlatformError: there is none, or one is no ensemble of regression trees on the same features.
    """
    documents = documents_of(boosters)
    scores = [base_score_of(document) for document in documents]
    models = [_shrunk(model_of(document), len(documents)) for document in documents]
    return joined(documents[0], models, sum(scores) / len(scores))


def _shrunk(model: Model, parts: int) -> Model:
    return model | {"trees": [_shrunk_tree(tree, parts) for tree in model["trees"]]}


def _shrunk_tree(tree: Tree, parts: int) -> Tree:
    """The tree with its leaves divided; of an inner node the condition is the threshold, which stays."""
    leaves = [left == -1 for left in tree["left_children"]]
    conditions = zip(tree["split_conditions"], leaves, strict=True)
    return tree | {
        "split_conditions": [value / parts if is_leaf else value for value, is_leaf in conditions],
        "base_weights": [value / parts for value in tree["base_weights"]],
    }
