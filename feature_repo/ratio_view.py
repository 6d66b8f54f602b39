"""The on-demand feature view that computes derived columns when they are asked for, offline and online alike."""

import json
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

from feast import FeatureView, Field, OnDemandFeatureView
from feast.types import Float64

# Feast keeps this text in the registry and runs it wherever it computes the view: it has to stand alone. It gets
# whole columns as lists (historical retrieval knows no other form), with None or NaN where a value is missing.
SOURCE = '''def {name}(columns):
    """The ratios of the columns: missing where a part is missing, or the denominator is 0."""
    ratios = {ratios!r}
    return {{
        name: [
            above / below if above is not None and below else None
            for above, below in zip(columns[numerator], columns[denominator])
        ]
        for name, (numerator, denominator) in ratios.items()
    }}
'''


def parts(ratios: Sequence[Field]) -> dict[str, tuple[str, str]]:
    """Numerator and denominator by the ratio's name.

    Raises:
        ValueError: one of them is a stored column.
    """
    if stored := [one.name for one in ratios if "numerator" not in one.tags]:
        raise ValueError(
            f"{', '.join(stored)} is no ratio: define it with ratio(…), or put it among the stored columns."
        )
    return {one.name: (one.tags["numerator"], one.tags["denominator"]) for one in ratios}


def ratio_view(
    name: str,
    description: str,
    ratios: Mapping[str, tuple[str, str]],
    source: FeatureView,
    tags: dict[str, str] | None = None,
) -> OnDemandFeatureView:
    """The view of the ratios.

    Its fields are bare: Feast compares them with those that it infers from the function, which have no tags, and loses
    what it is told of them. What is known of a ratio stands in the tags of the feature services, see `known_of`.

    Args:
        ratios: numerator and denominator by the ratio's name.
        source: where the numerators and denominators are stored.

    Raises:
        ValueError: a ratio stands among the stored columns.
    """
    if computed := [field.name for field in source.features if "numerator" in field.tags]:
        raise ValueError(f"{', '.join(computed)} is a ratio among the stored columns: move it to the derived ones.")
    text = SOURCE.format(name=name, ratios=dict(ratios))
    return OnDemandFeatureView(
        name=name,
        description=description,
        tags=tags,
        sources=[source],
        schema=[Field(name=one, dtype=Float64) for one in ratios],
        mode="python",
        udf=_function(name, text),
        udf_string=text,
    )


def known_of(ratios: Sequence[Field]) -> dict[str, str]:
    """The tags of a feature service with these ratios: by name, as JSON, what else a field carries itself."""
    return {one.name: json.dumps({"description": one.description, **one.tags}) for one in ratios}


def _function(name: str, text: str) -> FunctionType:
    namespace: dict[str, Any] = {}
    exec(text, namespace)  # noqa: S102  # the text above, and no other: what is kept and what is run here are one
    function: FunctionType = namespace[name]
    return function
