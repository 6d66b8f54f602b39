"""The bundle that a machine is to serve, fetched before the server starts and checked file by file.

`python -m serving.fetch PLACE FOLDER --sha256 DIGEST` copies a bundle from where training left it to a folder that is
not there yet. PLACE is `s3://bucket/folder`, `gs://…`, a folder, or an address behind which MLflow hands artifacts out
(`https://mlflow/api/2.0/mlflow-artifacts/artifacts/…`). DIGEST is the SHA-256 of the bundle's metadata.json, which has
the digests of all other files: what is served is what was deployed, whoever can write to the store.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from serving.bundle import METADATA, Metadata, digest, read_bundle
from serving.errors import BundleError
from serving.files import whole_folder

Read = Callable[[str], bytes]

TRIES = 5
TIMEOUT_S = 60.0


def fetch(place: str, folder: Path, wanted: str) -> Metadata:
    """What the bundle says of itself; it is in the folder, whole.

    Args:
        place: where the bundle is.
        folder: where it goes; a bundle that is there already is kept if it is the wanted one.
        wanted: the SHA-256 of its metadata, in hexadecimal.

    Raises:
        BundleError: the place does not answer or has no such bundle, or something else is in the folder.
    """
    if folder.exists():
        _require(folder, (folder / METADATA).read_bytes() if (folder / METADATA).is_file() else b"", wanted)
        return read_bundle(folder)[0]
    read = _reader(place)
    document = read(METADATA)
    _require(place, document, wanted)
    with whole_folder(folder) as unfinished:
        for name in _names(place, document):
            (unfinished / name).write_bytes(read(name))
        (unfinished / METADATA).write_bytes(document)
        return read_bundle(unfinished)[0]


def _require(place: object, document: bytes, wanted: str) -> None:
    if (found := digest(document)) != wanted:
        raise BundleError(
            f"The bundle in {place} is not the one that was deployed: the SHA-256 of its {METADATA} is {found}, wanted "
            f"{wanted}. Deploy again, or find out who changed it."
        )


def _names(place: str, document: bytes) -> list[str]:
    """The bundle's other files."""
    try:
        names = list(msgspec.json.decode(document, type=Metadata).files)
    except msgspec.DecodeError as err:
        raise BundleError(f"The bundle in {place} has a {METADATA} that cannot be read: {err}.") from err
    if outside := [name for name in names if Path(name).name != name]:
        raise BundleError(f"The bundle in {place} names the file {outside[0]!r}, which is outside of it.")
    return names


def _reader(place: str) -> Read:
    """What reads a file of the place by its name."""
    return _behind_http(place) if place.startswith(("http://", "https://")) else _in_files(place)


def _behind_http(place: str) -> Read:
    from urllib3 import HTTPResponse, PoolManager
    from urllib3.exceptions import HTTPError
    from urllib3.util import Retry, Timeout, make_headers

    retry = Retry(TRIES, backoff_factor=0.5, status_forcelist=(502, 503, 504), raise_on_status=False)
    pool = PoolManager(retries=retry, timeout=Timeout(TIMEOUT_S))
    # The names under which MLflow's own client takes them.
    user, password = os.environ.get("MLFLOW_TRACKING_USERNAME"), os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
    headers = make_headers(basic_auth=f"{user}:{password}") if user else {}
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        headers = {"Authorization": f"Bearer {token}"}

    def read(name: str) -> bytes:
        try:
            answer = pool.request("GET", f"{place.rstrip('/')}/{name}", headers=headers)
        except HTTPError as err:
            raise BundleError(f"{place} does not answer: {err}.") from err
        if answer.status != 200 or not isinstance(answer, HTTPResponse):
            raise BundleError(f"{place}/{name} answers {answer.status}, wanted a file of the bundle.")
        return bytes(answer.data)

    return read


def _in_files(place: str) -> Read:
    import pyarrow as arrow
    from pyarrow.fs import FileSystem

    try:
        address = place if "://" in place else Path(place).resolve().as_uri()
        files, root = FileSystem.from_uri(address)
    except (arrow.ArrowInvalid, OSError) as err:
        raise BundleError(
            f"There is no bundle in {place}: {err}. Wanted a folder, s3://…, gs://… or https://…."
        ) from err

    def read(name: str) -> bytes:
        try:
            with files.open_input_stream(f"{root}/{name}") as stream:
                return bytes(stream.read())
        except OSError as err:
            raise BundleError(f"{place}/{name} cannot be read: {err}.") from err

    return read


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch, and say what was fetched."""
    parser = argparse.ArgumentParser(prog="python -m serving.fetch", description=__doc__)
    parser.add_argument("place", metavar="PLACE")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--sha256", required=True, metavar="DIGEST", help="of the bundle's metadata.json")
    wanted = parser.parse_args(arguments)
    try:
        metadata = fetch(wanted.place, wanted.folder, wanted.sha256)
    except BundleError as err:
        raise SystemExit(err.info) from err
    sys.stdout.write(f"{metadata.model_name} v{metadata.model_version} is in {wanted.folder}.\n")


if __name__ == "__main__":
    main()
