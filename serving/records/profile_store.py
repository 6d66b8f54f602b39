"""Where the profiles of all machines come together: a folder or a bucket, through Arrow's file systems.

`<store>/v<version>/<hour>/<worker>.bin`, as in the folder of one machine: a worker's name is its process and the
nanosecond of its start, so that files of several machines lie beside each other, and each is whole or not there. The
true prices that the machines received are in `<store>/feedback/`, under names of the same kind.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import StoreError
from serving.records.profile_views import as_view, merged

if TYPE_CHECKING:
    from whylogs.core import DatasetProfileView

PROFILE_ENDING = ".bin"


class ProfileStore:
    """A store of profiles and true prices, and of the verdicts on them.

    Args:
        place: a folder, or an address: `s3://bucket/folder?endpoint_override=host:port&scheme=http`, `gs://…`,
            `file:///…`. The keys of a bucket come from the environment, as Arrow's documentation has it.

    Raises:
        StoreError: the address is of no kind that Arrow knows.
    """

    def __init__(self, place: str) -> None:
        import pyarrow as arrow
        from pyarrow.fs import FileSystem

        try:
            address = place if "://" in place else Path(place).resolve().as_uri()
            found = FileSystem.from_uri(address)
        except (arrow.ArrowInvalid, OSError) as err:
            raise StoreError(
                f"HPP_PROFILE_STORE is {_shown(place)!r}: {err}. Wanted a folder, or an address as s3://bucket/folder."
            ) from err
        self.place = _shown(place)
        self._files, self._root = found
        self._in_place = self._files.type_name == "local"  # others show a file when it is closed, and not before

    def hours(self, version: str) -> list[str]:
        """The hours of which there are profiles of a model version, the oldest first."""
        return sorted(info.base_name for info in self._list(f"v{version}") if info.type.name == "Directory")

    def read_hour(self, version: str, hour: str) -> "DatasetProfileView | None":
        """The profile of one version and hour, merged over workers and machines, or None: there is none."""
        found = sorted(self._list(f"v{version}/{hour}"), key=lambda info: str(info.base_name))
        return merged(as_view(self._read(info.path)) for info in found if _is_profile(info))

    def names(self, folder: str) -> list[str]:
        """The files of a folder of the store, sorted."""
        return sorted(str(info.base_name) for info in self._list(folder) if info.is_file)

    def read(self, name: str) -> bytes | None:
        """A file of the store, or None: there is none."""
        try:
            return self._read(f"{self._root}/{name}")
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Put a file into the store, in place of the one of its name.

        Raises:
            StoreError: the store does not take it.
        """
        with self._faults():
            target = f"{self._root}/{name}"
            if not self._in_place:
                with self._files.open_output_stream(target) as stream:
                    stream.write(data)
                return
            from serving.files import write_atomically

            write_atomically(Path(target), data)

    def _list(self, folder: str) -> list[Any]:
        from pyarrow.fs import FileSelector

        with self._faults():
            return list(self._files.get_file_info(FileSelector(f"{self._root}/{folder}", allow_not_found=True)))

    def _read(self, path: str) -> bytes:
        with self._faults(), self._files.open_input_stream(path) as stream:
            return bytes(stream.read())

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as err:
            raise StoreError(f"The profile store {self.place} (HPP_PROFILE_STORE) does not answer: {err}.") from err


def _is_profile(info: Any) -> bool:
    return bool(info.is_file) and info.base_name.endswith(PROFILE_ENDING) and not info.base_name.startswith(".")


def _shown(place: str) -> str:
    """The address without what may be a password."""
    scheme, separator, rest = place.partition("://")
    credentials, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{'…@' if at and credentials else ''}{host if at else rest}"
