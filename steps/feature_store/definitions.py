"""What the feature repository defines, put into the Feast registry."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from serving.settings import Settings
from steps.core.errors import ConfigurationError
from steps.feature_store.registry_lock import only_registry_writer

if TYPE_CHECKING:
    from feast import FeatureStore

MODEL_VERSION = "model_version"  # the tag of a feature service that feature_repo/model_services.py makes of a bundle


def apply_definitions(settings: Settings) -> "FeatureStore":
    """A store whose registry holds what the feature repository defines now: what `feast apply` does, in this process.

    One process at a time. The feature services of registered models stay, also those of models whose bundles lie on
    another machine: `steps.retire_models` removes them.

    Raises:
        ConfigurationError: the definitions cannot be read.
    """
    (settings.var_dir / "feast").mkdir(parents=True, exist_ok=True)
    if "://" not in settings.offline_dir:
        Path(settings.offline_dir).mkdir(parents=True, exist_ok=True)
    with only_registry_writer(settings):
        return _apply(settings)


def _apply(settings: Settings) -> "FeatureStore":
    from feast.repo_operations import extract_objects_for_apply_delete, parse_repo

    store = settings.feature_store()
    try:
        with _importing_afresh(settings.feature_repo):
            definitions = parse_repo(settings.feature_repo)
    except Exception as err:
        raise ConfigurationError(
            f"The feature repository {settings.feature_repo} cannot be read: {err!r}. "
            f"See it alone with `feast -c {settings.feature_repo} plan`."
        ) from err
    store.registry.refresh(store.project)
    to_apply, to_delete, _, _ = extract_objects_for_apply_delete(  # type: ignore[no-untyped-call]  # as Feast has it
        store.project, store.registry, definitions
    )
    obsolete = [one for one in to_delete if MODEL_VERSION not in one.tags]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "On demand feature view is an experimental feature", RuntimeWarning)
        store.apply(to_apply, objects_to_delete=obsolete, partial=False)
    store.registry.refresh(store.project)
    return store


@contextlib.contextmanager
def _importing_afresh(repository: Path) -> Iterator[None]:
    """The repository's modules are imported by their bare names from its folder, as `feast apply` does, and forgotten.

    A process that applies twice, as training and deployment in one go do, must see what changed in between.
    """
    here = Path.cwd()
    names = {path.stem for path in repository.glob("*.py")}
    sys.path.insert(0, str(repository))
    os.chdir(repository)
    _forget(names)
    try:
        yield
    finally:
        _forget(names)
        os.chdir(here)
        sys.path.remove(str(repository))


def _forget(names: set[str]) -> None:
    for name in names & sys.modules.keys():
        del sys.modules[name]
