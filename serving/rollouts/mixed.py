"""Replies to batches whose rows two versions priced, and the feedback that comes of them.

Such a reply has `versions`, the version of each row, and `by_version`, where each version's own tags are: its receipt
above all, whose rows are those of this version in the order of the batch. It has no `version` and no `receipt`.
"""

from collections.abc import Sequence
from typing import Any

VERSIONS, BY_VERSION, RECEIPT = "versions", "by_version", "receipt"
# These say something of each row and are put together in the rows' order; `expired` has the rows' numbers.
BY_ROW, ROW_NUMBERS = "explanations", "expired"

Reply = dict[str, Any]


def merged(one: Reply, its_rows: Sequence[int], other: Reply, others_rows: Sequence[int]) -> Reply:
    """The reply of a batch, from the replies to two parts of it.

    Args:
        its_rows, others_rows: where the rows of each part stand in the batch.
    """
    parts = ((one, its_rows), (other, others_rows))
    order = [place for place, _ in sorted(_places(parts), key=lambda each: each[1])]
    tags_of = [dict(reply["meta"]["tags"]) for reply, _ in parts]
    shared: Reply = {"model": tags_of[0]["model"]}
    shared[VERSIONS] = [tags_of[part]["version"] for part, _ in order]
    if BY_ROW in tags_of[0]:
        reasons = [tags.pop(BY_ROW) for tags in tags_of]
        shared[BY_ROW] = [reasons[part][row] for part, row in order]
    expired = [rows[row] for tags, (_, rows) in zip(tags_of, parts, strict=True) for row in tags.pop(ROW_NUMBERS, ())]
    if expired:
        shared[ROW_NUMBERS] = sorted(expired)
    shared["inference_ms"] = round(sum(tags.pop("inference_ms") for tags in tags_of), 3)
    shared[BY_VERSION] = {tags.pop("version"): tags for tags in tags_of}
    return {"data": _data(one["data"], other["data"], order), "meta": {"tags": shared}}


def _places(parts: Sequence[tuple[Reply, Sequence[int]]]) -> list[tuple[tuple[int, int], int]]:
    """Part and row of each of the rows, and where it stands in the batch."""
    return [((part, row), at) for part, (_, rows) in enumerate(parts) for row, at in enumerate(rows)]


def _data(one: Reply, other: Reply, order: Sequence[tuple[int, int]]) -> Reply:
    if "ndarray" in one:
        rows = (one["ndarray"], other["ndarray"])
        return {"names": one["names"], "ndarray": [rows[part][row] for part, row in order]}
    width, values = one["tensor"]["shape"][1], (one["tensor"]["values"], other["tensor"]["values"])
    flat = [value for part, row in order for value in values[part][row * width : (row + 1) * width]]
    return {"names": one["names"], "tensor": {"shape": [len(order), width], "values": flat}}


def by_receipt(message: Any) -> list[Any]:
    """The feedback message, or where it echoes a mixed reply one message for each version, with its rows' truths."""
    tags = _at(message, "response", "meta", "tags")
    rows = _at(message, "truth", "data", "ndarray")
    versions, own = (_at(tags, VERSIONS), _at(tags, BY_VERSION))
    if not (isinstance(rows, list) and isinstance(versions, list) and isinstance(own, dict)):
        return [message]
    if len(versions) != len(rows) or not all(_at(own, str(version), RECEIPT) for version in versions):
        return [message]  # it fits no receipt: the checks of one say so
    return [_part(message, rows, versions, version) for version in sorted({str(version) for version in versions})]


def _part(message: Reply, rows: list[Any], versions: list[Any], version: str) -> Reply:
    truth = dict(message["truth"])
    own = [row for row, by in zip(rows, versions, strict=True) if str(by) == version]
    truth["data"] = {**truth["data"], "ndarray": own}
    response = message["response"]
    tags = {RECEIPT: response["meta"]["tags"][BY_VERSION][version][RECEIPT]}
    return {**message, "truth": truth, "response": {"meta": {"tags": tags}}}


def _at(message: Any, *path: str) -> Any:
    """What stands at the path, or None."""
    for name in path:
        message = message.get(name) if isinstance(message, dict) else None
    return message
