"""Remove the bundles and feature services of model versions that nobody needs any more: a command.

    python -m steps.retire_models --dry-run     # what there is, what holds it
    python -m steps.retire_models               # every version that nothing holds
    python -m steps.retire_models 3 4           # these, or the reason why not
    python -m steps.retire_models --restore 3   # bring one back from MLflow's copy

A version is held by an alias in MLflow, a service of this machine that serves it or is about to, receipts and feedback
that are kept, and by being one of the newest. MLflow keeps the version, tagged `retired`, and its copy of the bundle.
It ends with 1 if a version that was named may not go.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from serving import service as services
from serving.errors import ServingError
from serving.settings import Settings, read_settings
from steps.core.errors import PlatformError
from steps.core.retirement import Version
from steps.feature_store.definitions import apply_definitions
from steps.feature_store.registry_lock import only_registry_writer
from steps.models.copies import remove_bundle, require_copy, restore_copy, sweep
from steps.models.holds import feature_services, model_versions
from steps.models.registry import RETIRED
from steps.tracking.runs import MODEL, mlflow_client

if TYPE_CHECKING:
    from feast import FeatureStore
    from mlflow import MlflowClient


def retire(settings: Settings, wanted: Sequence[str] = (), dry_run: bool = False) -> list[Version]:
    """The versions that were removed, or would be; deployments wait meanwhile, and those under way are waited for.

    Killed at any point, the next run completes it: the tag in MLflow comes first, then the bundle disappears at once,
    then the feature service, which an apply in between would make anew as long as the bundle is there.

    Args:
        wanted: the versions to remove; empty for all that may go.

    Raises:
        PlatformError: a wanted version is unknown or held, or MLflow has no whole copy of a bundle; nothing of the
            wanted ones is removed then.
    """
    client = mlflow_client()
    with services.only_deployer(settings):
        store = settings.feature_store()
        known = model_versions(settings, client, store)
        chosen = [one for one in _chosen(known, wanted) if not one.is_gone]
        if not dry_run:
            settings.models_dir.mkdir(parents=True, exist_ok=True)
            sweep(settings)
            for one in chosen:
                if one.has_bundle:
                    require_copy(client, settings, one.version)
            for one in chosen:
                _remove(one, client, store, settings)
    return chosen


def restore(settings: Settings, version: str) -> str:
    """The folder of the bundle of a retired version, which can be served and replayed again.

    Raises:
        PlatformError: the version is unknown, or MLflow has no whole copy of its bundle.
    """
    from mlflow.exceptions import MlflowException

    client = mlflow_client()
    with services.only_deployer(settings):
        try:
            tags = client.get_model_version(MODEL, version).tags
        except MlflowException as err:
            raise PlatformError(f"The model registry has no version {version} of {MODEL}: {err.message}.") from err
        folder = restore_copy(client, settings, version)
        apply_definitions(settings)
        if RETIRED in tags:  # last: until then the next run of `retire` would remove it again, if nothing holds it
            client.delete_model_version_tag(MODEL, version, RETIRED)
    return str(folder)


def _chosen(known: Sequence[Version], wanted: Sequence[str]) -> list[Version]:
    by_number = {one.version: one for one in known}
    if unknown := [version for version in wanted if version not in by_number]:
        raise PlatformError(f"The model registry has no version {', '.join(unknown)} of {MODEL}.")
    held = [by_number[version] for version in wanted if by_number[version].holds]
    if held:
        reasons = ". ".join(f"Version {one.version} may go {one.may_go}" for one in held)
        raise PlatformError(f"{reasons}. Nothing was removed.")
    return [by_number[version] for version in wanted] if wanted else [one for one in known if not one.holds]


def _remove(one: Version, client: "MlflowClient", store: "FeatureStore", settings: Settings) -> None:
    from feast.errors import FeatureViewNotFoundException

    if not one.is_retired:
        client.set_model_version_tag(MODEL, one.version, RETIRED, datetime.now(UTC).isoformat(timespec="seconds"))
    remove_bundle(settings, one.version)
    with only_registry_writer(settings):
        if name := feature_services(store).get(one.version):
            store.delete_feature_service(name)
            with contextlib.suppress(FeatureViewNotFoundException):  # only some versions have one of their own
                store.registry.delete_feature_view(f"{name}_ratios", store.project)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command."""
    parser = argparse.ArgumentParser(prog="python -m steps.retire_models", description=__doc__.splitlines()[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="default: every version that may go")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and what holds the others")
    parser.add_argument("--restore", metavar="VERSION", help="bring a retired version back from MLflow's copy")
    asked = parser.parse_args(arguments)
    settings = read_settings()
    try:
        with _answering():
            sys.stdout.write("\n".join(_did(settings, asked)) + "\n")
    except (PlatformError, ServingError) as err:
        sys.stderr.write(f"{err}\n")
        return 1
    return 0


def _did(settings: Settings, asked: Any) -> Iterator[str]:
    if asked.restore:
        yield f"Version {asked.restore} is in place: {restore(settings, asked.restore)}."
        return
    removed = retire(settings, asked.versions, asked.dry_run)
    did = "would be removed" if asked.dry_run else "is removed; bring it back with --restore"
    yield from (f"Version {one.version} {did}." for one in removed)
    gone = {one.version for one in removed}
    for one in model_versions(settings, mlflow_client(), settings.feature_store()):
        if one.version not in gone:
            state = "is retired" if one.is_gone else f"stays; it may go {one.may_go}"
            yield f"Version {one.version} {state}."


@contextmanager
def _answering() -> Iterator[None]:
    """A registry without a model is an answer, not a fault."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as err:
        raise PlatformError(f"MLflow has no model {MODEL} to retire versions of: {err.message}.") from err


if __name__ == "__main__":
    sys.exit(main())
