"""The command that puts a backup back: `python -m steps.restore FILE`, into an empty HPP_VAR_DIR and empty databases.

Where HPP_VAR_DIR is another folder than the backup's, the local databases of MLflow and ZenML are told so.
"""

import argparse
import hashlib
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from serving.settings import Settings, read_settings
from steps.backup import DATABASES, MANIFEST, VAR, Manifest, places
from steps.core.errors import ConfigurationError, DataError
from steps.databases import is_sqlite, load, move_paths, servers
from steps.feature_store.definitions import apply_definitions


def restore(source: Path, settings: Settings) -> Manifest:
    """What was put back, after every file's digest was found right; of what is not whole nothing is put back.

    Raises:
        ConfigurationError: something is there already, or the backup has a place that the settings lack.
        DataError: the backup is damaged.
    """
    targets = places(settings)
    for name, target in targets.items():
        if target.is_file() or (target.is_dir() and any(target.iterdir())):
            raise ConfigurationError(
                f"{target} ({name}) is not empty. Restore into an empty HPP_VAR_DIR: nothing is overwritten."
            )
    settings.var_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=settings.var_dir.parent) as scratch:
        folder = Path(scratch)
        manifest = _unpacked(source, folder)
        if strange := manifest.places.keys() - targets.keys():
            raise ConfigurationError(
                f"The backup has {', '.join(sorted(strange))} apart from HPP_VAR_DIR, where the settings have it in "
                f"there. Set it to a folder of its own; it was {manifest.places[min(strange)]}."
            )
        _move_paths(folder / VAR, manifest.places[VAR], str(settings.var_dir))
        registry = str(settings.feature_store().config.registry.path)
        for server in servers(registry):
            load(server, _found(folder / DATABASES / server.name))
        for name, target in targets.items():
            _put(folder / name, target)
    apply_definitions(settings)  # where the histories lie, in Feast's registry
    return manifest


def _unpacked(source: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, EOFError, tarfile.TarError, msgspec.DecodeError) as err:
        raise DataError(f"{source} is no whole backup: {err}. Take another one.") from err
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}
    if strange := found - manifest.digests.keys() - {MANIFEST}:
        raise DataError(f"{source} is damaged: its list does not have {min(strange)}. Take another backup.")
    for name, digest in manifest.digests.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise DataError(f"{source} is damaged: {name} is not as it was. Take another backup.")
    return manifest


def _move_paths(folder: Path, before: str, after: str) -> None:
    if before != after:
        for path in folder.rglob("*"):
            if path.is_file() and is_sqlite(path):
                move_paths(path, before, after)


def _found(path: Path) -> Path:
    if not path.is_file():
        raise ConfigurationError(
            f"The backup has no dump of {path.name}'s database: it was made with other settings. Restore with those."
        )
    return path


def _put(source: Path, target: Path) -> None:
    """Give the unpacked folder, or the one file in it, the name of the target."""
    if not source.exists():
        return
    if target.is_dir():
        target.rmdir()  # empty: that was seen
    target.parent.mkdir(parents=True, exist_ok=True)
    single = source / target.name
    # Onto another file system it is a copy: under another name until it is whole.
    arrived = target.with_name(f".{target.name}.restoring")
    shutil.rmtree(arrived, ignore_errors=True)  # of a restoration that was killed
    shutil.move(single if single.is_file() else source, arrived)
    arrived.rename(target)


def main(arguments: Sequence[str] | None = None) -> None:
    """Restore, and say what to do next."""
    parser = argparse.ArgumentParser(prog="python -m steps.restore", description=__doc__)
    parser.add_argument("file", type=Path)
    settings = read_settings()
    manifest = restore(parser.parse_args(arguments).file, settings)
    sys.stdout.write(f"{len(manifest.digests)} files are back in {settings.var_dir}.\n")
    for setting, place in manifest.elsewhere.items():
        sys.stdout.write(f"Not in the backup: {setting}, {place} (docs/operations.md).\n")
    sys.stdout.write("Next: make deploy.\n")


if __name__ == "__main__":
    main()
