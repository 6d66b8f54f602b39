"""The model versions whose bundles are here, with what training found of their quality."""

from functools import lru_cache
from pathlib import Path

import msgspec

from serving.bundle import read_metadata
from serving.errors import BundleError

MOST = 50


class Version(msgspec.Struct, frozen=True):
    """What is told of a version.

    Attributes:
        features: names of the model's features, in training order.
        metrics: figures of quality by name; errors in the target's unit.
        created_at: ISO 8601, UTC.
    """

    version: str
    experiment: str
    features: tuple[str, ...]
    metrics: dict[str, float]
    created_at: str


def read_versions(models: Path) -> tuple[Version, ...]:
    """The versions, the newest first, at most fifty; what is no whole bundle is left out."""
    try:
        return _read(models, models.stat().st_mtime_ns)
    except OSError:
        return ()


@lru_cache(1)
def _read(models: Path, changed: int) -> tuple[Version, ...]:  # noqa: ARG001  # a bundle comes or goes as a folder
    found = []
    for folder in models.glob("v*"):
        try:
            known = read_metadata(folder)
        except BundleError:
            continue
        fields = {name: getattr(known, name) for name in ("experiment", "features", "metrics", "created_at")}
        found.append(Version(known.model_version, **fields))
    return tuple(sorted(found, key=lambda one: one.created_at, reverse=True)[:MOST])
