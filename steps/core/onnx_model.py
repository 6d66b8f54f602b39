"""The booster as an ONNX model, which prices a single row in a few microseconds and gives XGBoost's very bits."""

import json
from itertools import count
from typing import Any

from steps.core.errors import PlatformError
from steps.core.prediction import load_booster

# The versions of ONNX that the serving runtime reads; `missing_value_tracks_true` is in ai.onnx.ml since 1.
OPSETS = {"ai.onnx.ml": 3, "": 18}
IR_VERSION = 8
INPUT, OUTPUT = "scaled", "price"
NO_CHILD = -1


def as_onnx(model: bytes) -> bytes:
    """The serialized ONNX model: `scaled`, (n, n_features) float32, NaN where missing, to `price`, (n, 1) float32.

    XGBoost adds the base score before the trees, ONNX after them, and float32 sums depend on the order (3e-5 with 300
    trees). A first tree that is one leaf with the base score makes both sums the same, if ONNX Runtime has one thread:
    with more it adds the trees of a single row in parts.

    Args:
        model: a regression booster in XGBoost's own format.

    Raises:
        PlatformError: the booster is no ensemble of numeric regression trees with one output.
    """
    import onnx
    from onnx import helper

    booster = load_booster(model)
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    _check(learner)
    (base_score,) = json.loads(learner["learner_model_param"]["base_score"])
    nodes, leaves = _Nodes(), _Leaves()
    tree_ids = count()
    _add_leaf(nodes, leaves, next(tree_ids), 0, base_score)
    for tree in learner["gradient_booster"]["model"]["trees"]:
        _add_tree(nodes, leaves, next(tree_ids), tree)
    ensemble = helper.make_node("TreeEnsembleRegressor", [INPUT], [OUTPUT], domain="ai.onnx.ml")
    attributes = {"n_targets": 1, **nodes.columns, **leaves.columns}
    ensemble.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    graph = helper.make_graph(
        [ensemble],
        "house_price",
        [helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, [None, booster.num_features()])],
        [helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    document = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(document)
    return bytes(document.SerializeToString())


class _Nodes:
    """The nodes of all trees, a list for each attribute of ONNX."""

    def __init__(self) -> None:
        names = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")
        self.columns: dict[str, list[Any]] = {f"nodes_{name}": [] for name in (*names, "missing_value_tracks_true")}

    def add(self, *values: Any) -> None:
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)


class _Leaves(_Nodes):
    """The leaves of all trees, likewise."""

    def __init__(self) -> None:
        self.columns = {f"target_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}


def _check(learner: dict[str, Any]) -> None:
    parameters, kind = learner["learner_model_param"], learner["gradient_booster"]["name"]
    objective = learner["objective"]["name"]
    if kind != "gbtree" or objective != "reg:squarederror" or int(parameters["num_target"]) != 1:
        raise PlatformError(
            f"The booster is a {kind} with the objective {objective} and {parameters['num_target']} outputs. Serving "
            "takes gbtree with reg:squarederror and one output."
        )


def _add_leaf(nodes: _Nodes, leaves: _Leaves, tree: int, node: int, weight: float) -> None:
    nodes.add(tree, node, 0, "LEAF", 0.0, 0, 0, 0)
    leaves.add(tree, node, 0, weight)


def _add_tree(nodes: _Nodes, leaves: _Leaves, number: int, tree: dict[str, Any]) -> None:
    """The nodes of one of XGBoost's trees: a value below the condition goes left, a missing one by `default_left`."""
    columns = ("left_children", "right_children", "split_indices", "split_conditions", "default_left")
    rows = zip(*(tree[name] for name in columns), strict=True)
    for node, (left, right, feature, condition, default_left) in enumerate(rows):
        if left == NO_CHILD:
            _add_leaf(nodes, leaves, number, node, condition)
        else:
            nodes.add(number, node, feature, "BRANCH_LT", condition, left, right, int(default_left))
