"""A feature service for each registered model version, so that an old version can always be served and replayed.

`feast apply` removes what is in the registry and not in this folder; reading the bundles here keeps the services of the
models alive. The bundle's metadata is the one record of what a version was trained on.

A stored feature that a version needs cannot leave the contract: this module refuses. A derived one can, or can become
something else: the version then gets a view of its own with the definition that it was trained with.
"""

import json
import os
from pathlib import Path
from typing import Any

from columns import ratio
from feast import FeatureService, Field, OnDemandFeatureView
from houses import DERIVED, FEATURES, house_features, house_ratios
from ratio_view import known_of, parts, ratio_view


def model_service(metadata: dict[str, Any], folder: Path) -> tuple[FeatureService, OnDemandFeatureView | None]:
    """The service of a version, and the on-demand view of its own, if it needs one.

    Raises:
        ValueError: the contract lacks a stored feature that the version needs.
    """
    name, derived = metadata["feature_service"], metadata.get("derived", {})
    stored = [feature for feature in metadata["features"] if feature not in derived]
    known = {field.name for field in FEATURES}
    needed = dict.fromkeys([*stored, *(part for one in derived.values() for part in one.values())])
    if gone := [feature for feature in needed if feature not in known]:
        raise ValueError(
            f"{metadata['model_name']} v{metadata['model_version']} needs {', '.join(gone)}, which FEATURES of "
            f"the feature repository does not have any more. Put it back, or, if that version is never to be served or "
            f"replayed again, move its bundle {folder} away."
        )
    ratios = [
        _as_trained(feature, derived[feature], metadata) for feature in metadata["features"] if feature in derived
    ]
    views = [house_features[stored]] if stored else []
    own = None
    if parts(ratios).items() <= parts(DERIVED).items():
        computed = [house_ratios[[one.name for one in ratios]]] if ratios else []
    else:
        own = ratio_view(
            *(f"{name}_ratios", f"The derived features as {name} was trained.", parts(ratios), house_features),
            tags={"model_version": metadata["model_version"]},
        )
        computed = [own]
    service = FeatureService(
        name=name,
        description="What this model version was trained on, in training order.",
        tags={
            "model_name": metadata["model_name"],
            "model_version": metadata["model_version"],
            **known_of(ratios),
        },
        features=[*views, *computed],
    )
    return service, own


def _as_trained(name: str, definition: dict[str, str], metadata: dict[str, Any]) -> Field:
    """The contract's column of that name, if it is still the same ratio; else one made of the definition."""
    above, below = definition["numerator"], definition["denominator"]
    for one in DERIVED:
        if parts([one]) == {name: (above, below)}:
            return one
    return ratio(FEATURES, name, f"{above} / {below}", metadata["units"].get(name, "1"), above, below)


for path in sorted(Path(os.environ["HPP_MODELS_DIR"]).glob("v*/metadata.json")):
    made, own_view = model_service(json.loads(path.read_text()), path.parent)
    globals()[made.name] = made
    if own_view is not None:
        globals()[own_view.name] = own_view
