"""The command that backs the platform up into one file while it runs: `python -m steps.backup FILE`.

In it are the folder of HPP_VAR_DIR and what settings keep elsewhere on this machine: bundles, profiles, receipts, keys,
refusals, histories; and dumps of the databases. Not in it: what is in a bucket, which the bucket's own versions
protect, and Redis, which the next materialization fills again. `python -m steps.restore FILE` puts it back
(docs/operations.md).
"""

import argparse
import contextlib
import hashlib
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from serving.files import replace_file
from serving.settings import Settings, read_settings
from steps.core.errors import ConfigurationError
from steps.databases import copy_sqlite, dump, is_sqlite, servers
from steps.feature_store.offline_store import only_writer

MANIFEST = "manifest.json"
MODE = 0o600  # the hashes of the keys are in it
VAR, DATABASES = "var", "databases"
LEFT_OUT = {"run", "copies", "lost+found"}  # process ids and logs; copies of a bucket
UNFINISHED = ("-wal", "-shm", "-journal", ".lock")


class Manifest(msgspec.Struct, frozen=True):
    """What is in a backup.

    Attributes:
        made_at: seconds since 1970; nothing later is in it.
        places: the folders and files that were copied, by their names in the backup.
        digests: the SHA-256 of every file, by its name in the backup.
        elsewhere: settings with what is not in the backup.
    """

    made_at: float
    places: dict[str, str]
    digests: dict[str, str]
    elsewhere: dict[str, str]


def places(settings: Settings) -> dict[str, Path]:
    """What is copied, by its name in a backup: HPP_VAR_DIR, and what lies outside of it."""
    named = {"models": settings.models_dir, "profiles": settings.profiles_dir, "audit": settings.audit_dir}
    named |= {"api-keys": settings.api_keys, "api-key-file": settings.api_key_file}
    if "://" not in settings.offline_dir:
        named["offline"] = Path(settings.offline_dir)
    apart = {name: path for name, path in named.items() if not path.is_relative_to(settings.var_dir)}
    return {VAR: settings.var_dir, **apart}


def elsewhere(settings: Settings, online_store: str) -> dict[str, str]:
    """The settings whose contents a backup does not have."""
    named = {"HPP_OFFLINE_DIR": settings.offline_dir, "HPP_MLFLOW_ARTIFACTS": settings.mlflow_artifacts}
    named |= {"HPP_PROFILE_STORE": settings.profile_store, "HPP_ARTIFACT_STORE": settings.artifact_store}
    found = {setting: place.partition("?")[0] for setting, place in named.items() if "://" in place}
    return found | ({"HPP_ONLINE_STORE": online_store} if "redis" in online_store else {})


def back_up(target: Path, settings: Settings) -> Manifest:
    """What was written to the file, which is there whole or not at all.

    Bundles that are registered while it is made are left out: the copy of MLflow's database does not know them.

    Raises:
        ConfigurationError: there is nothing to back up, or the file is there already.
        PlatformError: a database cannot be read.
    """
    if target.exists():
        raise ConfigurationError(f"{target} exists. Name another file: a backup is never overwritten.")
    if not settings.var_dir.is_dir():
        raise ConfigurationError(f"{settings.var_dir} (HPP_VAR_DIR) is no folder: there is nothing to back up.")
    written: list[Manifest] = []
    replace_file(target, lambda unfinished: written.append(_write(unfinished, settings)), MODE)
    return written[0]


def _write(path: Path, settings: Settings) -> Manifest:
    store = settings.feature_store()
    started, digests = time.time(), dict[str, str]()
    with (
        tarfile.open(path, "w:gz", compresslevel=1) as archive,
        tempfile.TemporaryDirectory(dir=path.parent) as scratch,
    ):
        copy = Path(scratch) / "copy"
        for server in servers(str(store.config.registry.path)):
            dump(server, copy)
            _add(archive, copy, f"{DATABASES}/{server.name}", digests)
        with _histories_at_rest(settings):
            files = [(place, root, file) for place, root in places(settings).items() for file in _files(root, started)]
            # Databases first: a file is written before a database names it, so that all that the copies name is there.
            files.sort(key=lambda one: not is_sqlite(one[2]))
            for place, root, file in files:
                name = f"{place}/{file.relative_to(root)}" if file != root else f"{place}/{root.name}"
                with contextlib.suppress(FileNotFoundError):  # retention has removed it meanwhile
                    if is_sqlite(file):
                        copy.unlink(missing_ok=True)
                        copy_sqlite(file, copy)
                        _add(archive, copy, name, digests)
                    else:
                        _add(archive, file, name, digests)
        where = {place: str(root) for place, root in places(settings).items()}
        manifest = Manifest(started, where, digests, elsewhere(settings, str(store.config.online_store.type)))
        copy.write_bytes(msgspec.json.encode(manifest))
        _add(archive, copy, MANIFEST, {})
    return manifest


@contextlib.contextmanager
def _histories_at_rest(settings: Settings) -> Iterator[None]:
    with contextlib.nullcontext() if "://" in settings.offline_dir else only_writer(settings.offline_dir):
        yield


def _files(root: Path, until: float) -> list[Path]:
    """The files under a folder, or the file itself; without those that only a running process needs."""
    if root.is_file():
        return [root]
    found = []
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        bundle = root.joinpath(*inside[:2]) if inside[:1] == ("models",) else root / inside[0]
        passing = any(part.startswith(".") or part in LEFT_OUT for part in inside) or path.name.endswith(UNFINISHED)
        if path.is_file() and not passing and not _is_younger_bundle(bundle, until):
            found.append(path)
    return found


def _is_younger_bundle(folder: Path, until: float) -> bool:
    metadata = folder / "metadata.json"
    return metadata.is_file() and folder.stat().st_ctime > until


class _Digested:
    """A file whose content is digested while the archive reads it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


def _add(archive: tarfile.TarFile, path: Path, name: str, digests: dict[str, str]) -> None:
    """Put the file into the archive, as long as it is now: a receipt that is appended meanwhile is not in it."""
    with path.open("rb") as file:
        info = archive.gettarinfo(arcname=name, fileobj=file)
        info.uname = info.gname = ""
        digested = _Digested(file)
        archive.addfile(info, digested)
        digests[name] = digested.digest


def main(arguments: Sequence[str] | None = None) -> None:
    """Back up, and say what is in it and what is not."""
    parser = argparse.ArgumentParser(prog="python -m steps.backup", description=__doc__)
    parser.add_argument("file", type=Path, help="where to; it must not exist")
    target = parser.parse_args(arguments).file
    manifest = back_up(target, read_settings())
    sys.stdout.write(f"{target}: {len(manifest.digests)} files, {target.stat().st_size / 1e6:.1f} MB.\n")
    for setting, place in manifest.elsewhere.items():
        sys.stdout.write(f"Not in it: {setting}, {place} (docs/operations.md).\n")


if __name__ == "__main__":
    main()
