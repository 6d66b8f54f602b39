"""Boosters in XGBoost's own JSON format: taken apart, and several joined into one."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import msgspec
import xgboost

from steps.core.errors import PlatformError

# A booster, and its trees with what belongs to them, as XGBoost writes them.
Document = dict[str, Any]
Model = dict[str, Any]
Tree = dict[str, Any]


def documents_of(boosters: Sequence[xgboost.Booster]) -> list[Document]:
    """The boosters in XGBoost's JSON format, decoded.

    Raises:
        PlatformError: there is none, or one is no ensemble of regression trees on the same features as the first.
    """
    documents = [msgspec.json.decode(bytes(booster.save_raw("json"))) for booster in boosters]
    _check([document["learner"] for document in documents])
    return documents


def model_of(document: Document) -> Model:
    """The trees of a booster with what belongs to them."""
    model: Model = document["learner"]["gradient_booster"]["model"]
    return model


def base_score_of(document: Document) -> float:
    """What a booster adds to the leaves."""
    (score,) = msgspec.json.decode(document["learner"]["learner_model_param"]["base_score"])
    return float(score)


def joined(first: Document, models: Sequence[Model], base_score: float) -> xgboost.Booster:
    """One booster with the trees of all models, as if they had been boosted one after the other.

    Args:
        first: everything besides is this one's.
    """
    learner = first["learner"]
    both = learner | {
        "gradient_booster": learner["gradient_booster"] | {"model": _one_after_the_other(models)},
        "learner_model_param": learner["learner_model_param"] | {"base_score": f"[{base_score!r}]"},
    }
    booster = xgboost.Booster()
    booster.load_model(bytearray(msgspec.json.encode(first | {"learner": both})))
    return booster


def _one_after_the_other(models: Sequence[Model]) -> Model:
    trees = [tree for model in models for tree in model["trees"]]
    sizes = [end - start for model in models for start, end in pairwise(model["iteration_indptr"])]
    return models[0] | {
        "trees": [tree | {"id": number} for number, tree in enumerate(trees)],
        "tree_info": [info for model in models for info in model["tree_info"]],
        "iteration_indptr": list(accumulate(sizes, initial=0)),
        "gbtree_model_param": models[0]["gbtree_model_param"] | {"num_trees": str(len(trees))},
    }


def _check(learners: Sequence[dict[str, Any]]) -> None:
    if not learners:
        raise PlatformError("There is no booster to merge.")
    for learner in learners:
        kind, objective = learner["gradient_booster"]["name"], learner["objective"]["name"]
        width, outputs = (learner["learner_model_param"][name] for name in ("num_feature", "num_target"))
        first = learners[0]["learner_model_param"]["num_feature"]
        if (kind, objective, width, outputs) != ("gbtree", "reg:squarederror", first, "1"):
            raise PlatformError(
                f"A {kind} with the objective {objective}, {width} features and {outputs} outputs cannot be joined "
                f"with the others: wanted gbtree, reg:squarederror, {first} features and one output."
            )
