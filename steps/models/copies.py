"""MLflow's copy of a bundle: checked before the bundle is removed, and put back when it is wanted again."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from serving.bundle import read_bundle
from serving.errors import BundleError
from serving.settings import Settings
from steps.core.errors import PlatformError
from steps.models.registry import bundle_folder
from steps.tracking.runs import MODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient


def require_copy(client: "MlflowClient", settings: Settings, version: str) -> None:
    """Return if MLflow has a whole copy of the version's bundle.

    Raises:
        PlatformError: it has none, or a damaged one.
    """
    with tempfile.TemporaryDirectory(prefix=".copy-", dir=settings.models_dir) as scratch:
        _fetch(client, version, Path(scratch))


def restore_copy(client: "MlflowClient", settings: Settings, version: str) -> Path:
    """The version's bundle folder, put back at once from MLflow's copy if it is not there.

    Raises:
        PlatformError: MLflow has no whole copy.
    """
    folder = bundle_folder(settings, version)
    if not folder.exists():
        settings.models_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".copy-", dir=settings.models_dir) as scratch:
            fetched = _fetch(client, version, Path(scratch))
            for file in fetched.iterdir():
                with file.open("rb") as written:
                    os.fsync(written.fileno())
            fetched.chmod(0o755)
            fetched.rename(folder)
    return folder


def remove_bundle(settings: Settings, version: str) -> None:
    """The bundle's folder is gone at once; its files are removed after that, by the next run if this one is killed."""
    folder = bundle_folder(settings, version)
    if folder.exists():
        folder.rename(folder.with_name(f".retired-{folder.name}-{os.urandom(4).hex()}"))
    sweep(settings)


def sweep(settings: Settings) -> None:
    """Remove what a run that was killed has left."""
    for left in [*settings.models_dir.glob(".retired-*"), *settings.models_dir.glob(".copy-*")]:
        shutil.rmtree(left, ignore_errors=True)


def _fetch(client: "MlflowClient", version: str, scratch: Path) -> Path:
    run = client.get_model_version(MODEL, version).run_id
    try:
        if not run:
            raise BundleError("The version was registered without a run.")
        fetched = Path(client.download_artifacts(run, f"bundle/v{version}", str(scratch)))
        metadata, _ = read_bundle(fetched)
    except Exception as err:  # whatever the artifact store raises
        raise PlatformError(
            f"MLflow has no whole copy of the bundle of version {version} of {MODEL} (run {run}, bundle/v{version}): "
            f"{err}. The version cannot be retired or restored: copy its bundle to a safe place by hand."
        ) from err
    if metadata.model_version != version:
        raise PlatformError(f"MLflow's copy of the bundle of version {version} is of version {metadata.model_version}.")
    return fetched
