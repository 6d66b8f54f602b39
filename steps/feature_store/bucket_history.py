"""A history in a bucket of S3-compatible storage, read and written through copies on this machine.

The parts of a history never change: each is downloaded once, and a state of the history is a folder of links to its
parts that nobody writes to, so that a reader is not disturbed by writers. A writer works on a copy of its own and then
puts what is new into the bucket, where its name must be free (docs/decisions/0040).
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from serving.files import replace_file
from steps.core.errors import DataError

SNAPSHOTS_KEPT = 4  # states of a history that stay on this machine: a reader may still be at an earlier one
LINKED_WITHIN_S = 600  # a younger copy may be one that another process is about to link
ATTEMPTS = 3
GONE = {"404", "NoSuchKey"}
TAKEN = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}

Listing = dict[str, str]  # the names of the parts, with the entity tags of their contents


@dataclass(frozen=True)
class BucketHistory:
    """The history of a feature view, at `s3://bucket/…/view.parquet`.

    Attributes:
        copies: the folder of this machine's copies.
    """

    address: str
    copies: Path

    def __str__(self) -> str:
        """The address."""
        return self.address

    def snapshot(self) -> Path:
        """A folder with the parts that the bucket holds now; nothing in it changes any more.

        Raises:
            DataError: the bucket does not answer.
        """
        for _ in range(ATTEMPTS):
            with self._answering():
                if folder := self._linked(self._list()):
                    return folder
        raise DataError(f"{self.address} was rewritten {ATTEMPTS} times while it was read. Try again.")

    def change(self, edit: Callable[[Path], None]) -> None:
        """Let `edit` work on a copy, and put into the bucket what it added, in the order of the names.

        What it removed is removed after that, so that a writer that dies leaves parts that others hide, and no gap.

        Raises:
            DataError: the bucket does not answer, or another machine has put a part there meanwhile.
        """
        before = self.snapshot()
        self.copies.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=self.copies) as scratch:
            folder = Path(scratch)
            for part in before.iterdir():
                (folder / part.name).hardlink_to(part)
            edit(folder)
            old, new = ({part.name for part in place.glob("part-*.parquet")} for place in (before, folder))
            with self._answering():
                for name in sorted(new - old):
                    self._put(folder / name)
                for name in sorted(old - new):
                    self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    @cached_property
    def _client(self) -> Any:
        import boto3

        return boto3.client("s3")

    @property
    def _bucket(self) -> str:
        return self.address.removeprefix("s3://").partition("/")[0]

    def _key(self, name: str) -> str:
        return f"{self.address.removeprefix('s3://').partition('/')[2]}/{name}"

    def _list(self) -> Listing:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._key("part-"))
        found = [one for page in pages for one in page.get("Contents", [])]
        return {one["Key"].rpartition("/")[2]: one["ETag"].strip('"') for one in found}

    def _linked(self, listing: Listing) -> Path | None:
        """The folder of this state, made of links to the copies; None if a part is gone meanwhile."""
        state = hashlib.sha256(repr(sorted(listing.items())).encode()).hexdigest()[:32]
        folder = self.copies / f"state-{state}"
        if not folder.exists():
            self.copies.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=".state-", dir=self.copies))
            try:
                for name, tag in listing.items():
                    (made / name).hardlink_to(self._copy(name, tag))
                made.rename(folder)
            except OSError:
                if not folder.exists():  # otherwise another process has just made the same
                    raise
            except self._client.exceptions.ClientError as err:
                if _code(err) not in GONE:
                    raise
                return None
            finally:
                shutil.rmtree(made, ignore_errors=True)
        os.utime(folder)
        self._sweep()
        return folder

    def _copy(self, name: str, tag: str) -> Path:
        path = self.copies / f"{hashlib.sha256(tag.encode()).hexdigest()[:32]}.copy"
        if not path.exists():

            def download(unfinished: Path) -> None:
                reply = self._client.get_object(Bucket=self._bucket, Key=self._key(name), IfMatch=f'"{tag}"')
                with unfinished.open("wb") as file:
                    shutil.copyfileobj(reply["Body"], file)

            replace_file(path, download)
        return path

    def _put(self, part: Path) -> None:
        with part.open("rb") as file:
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._key(part.name), Body=file, IfNoneMatch="*")
            except self._client.exceptions.ClientError as err:
                if _code(err) not in TAKEN:
                    raise
                raise DataError(
                    f"Another machine has added to {self.address} meanwhile, so that {part.name} was not stored. Run "
                    "it again. With the Feast registry in PostgreSQL (HPP_REGISTRY) writers wait for each other."
                ) from err

    def _sweep(self) -> None:
        """Remove copies that only earlier states had."""
        states = sorted(self.copies.glob("state-*"), key=lambda state: state.stat().st_mtime, reverse=True)
        for state in states[SNAPSHOTS_KEPT:]:
            shutil.rmtree(state, ignore_errors=True)
        if len(states) > SNAPSHOTS_KEPT:
            for copy in self.copies.glob("*.copy"):
                with contextlib.suppress(FileNotFoundError):
                    found = copy.stat()
                    if found.st_nlink == 1 and found.st_mtime < time.time() - LINKED_WITHIN_S:
                        copy.unlink()

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as err:
            raise DataError(
                f"The bucket of {self.address} (HPP_OFFLINE_DIR) does not do it: {err}. Check AWS_ENDPOINT_URL and "
                "the keys."
            ) from err


def _code(err: Any) -> str:
    return str(err.response["Error"]["Code"])
