"""A feature service for each registered model version, so that an old version can always be served and replayed.

`feast apply` removes what is in the registry and not in this folder; reading the bundles here keeps the services of the
models alive. The bundle's metadata is the one record of what a version was trained on.
"""

import json
import os
from pathlib import Path

from feast import FeatureService
from houses import house_features

for path in sorted(Path(os.environ["HPP_MODELS_DIR"]).glob("v*/metadata.json")):
    metadata = json.loads(path.read_text())
    globals()[metadata["feature_service"]] = FeatureService(
        name=metadata["feature_service"],
        description="What this model version was trained on, in training order.",
        tags={"model_name": metadata["model_name"], "model_version": metadata["model_version"]},
        features=[house_features[metadata["features"]]],
    )
