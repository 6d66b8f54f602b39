"""Profiles of several machines, together in a folder or in a bucket of a real S3 server (moto's)."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.errors import StoreError
from serving.records.drift import VERDICT
from serving.records.profile_store import ProfileStore
from serving.records.profiles import profile_spool
from serving.records.receipts import Header, Served
from serving.records.sharing import MARK, fetch_verdicts, share
from serving.records.sidecar import work
from serving.records.spool import SPOOL, Spool
from serving.settings import read_settings


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of an empty bucket."""
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_DEFAULT_REGION", "x")):
            patch.setenv(name, value)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            import boto3

            boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").create_bucket(
                Bucket="houses"
            )
            yield f"s3://houses/profiles?scheme=http&endpoint_override={host}:{port}&region=us-east-1"
        finally:
            server.stop()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder that machines share, and a bucket: both do the same."""
    if request.param == "folder":
        return str(tmp_path / "shared")
    address: str = request.getfixturevalue("bucket")
    return address.replace("/profiles", f"/{tmp_path.name}")


def machine(folder: Path, rooms: float) -> Path:
    """The folder of a machine that served three rows in one request."""
    spool = Spool(folder / SPOOL, Header("7", ("RM",), ("MEDV",)))
    spool.append(Served([[rooms]] * 3, [[20.0]] * 3))
    spool.close()
    profile_spool(folder / SPOOL, folder)
    return folder


def test_profiles_of_two_machines_are_merged_and_each_row_counts_once(tmp_path: Path, place: str) -> None:
    store = ProfileStore(place)
    assert store.hours("7") == []
    one, two = machine(tmp_path / "one", 5.0), machine(tmp_path / "two", 7.0)
    assert [share(folder, store) for folder in (one, two, one)] == [1, 1, 1]  # what is young goes twice
    (hour,) = store.hours("7")
    view = store.read_hour("7", hour)
    assert view is not None
    summary = view.get_column("RM").to_summary_dict()
    assert (summary["counts/n"], summary["distribution/mean"]) == (6, 6.0)
    assert store.read_hour("8", hour) is None


def test_a_profile_that_grew_takes_the_place_of_the_one_before(tmp_path: Path, place: str) -> None:
    store, own = ProfileStore(place), tmp_path / "one"
    spool = Spool(own / SPOOL, Header("7", ("RM",), ("MEDV",)))
    for _ in range(2):
        spool.append(Served([[6.0]], [[20.0]]))
        profile_spool(own / SPOOL, own)
        share(own, store)
    spool.close()
    view = store.read_hour("7", store.hours("7")[0])
    assert view is not None
    assert view.get_column("RM").to_summary_dict()["counts/n"] == 2


def test_what_is_in_the_store_is_not_put_there_again(tmp_path: Path) -> None:
    store, own = ProfileStore(str(tmp_path / "shared")), machine(tmp_path / "one", 5.0)
    share(own, store)
    long_ago = time.time_ns() - 60 * 10**9
    for path in [*own.glob("v7/*/*.bin"), *own.glob("v7/*")]:
        os.utime(path, ns=(long_ago, long_ago))
    assert share(own, store) == 0


def test_what_could_not_be_put_there_goes_in_the_next_round(tmp_path: Path) -> None:
    own = machine(tmp_path / "one", 5.0)
    (tmp_path / "shared").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="does not answer"):
        share(own, ProfileStore(str(tmp_path / "shared")))
    assert not (own / MARK).exists()
    (tmp_path / "shared").unlink()
    assert share(own, ProfileStore(str(tmp_path / "shared"))) == 1


def verdict(judged_at: str) -> bytes:
    window = {"version": "7", "rows": 1}
    found = {"status": "stable", "window": window, "columns": [], "judged_at": judged_at, "next_within_seconds": 3600}
    return json.dumps(found).encode()


def test_the_newest_verdict_of_the_store_comes_to_every_machine(tmp_path: Path, place: str) -> None:
    store = ProfileStore(place)
    assert not fetch_verdicts(tmp_path, store)
    store.write(VERDICT, verdict("2026-11-25T10:00:00+00:00"))
    assert fetch_verdicts(tmp_path, store)
    assert not fetch_verdicts(tmp_path, store)
    (tmp_path / VERDICT).write_bytes(newer := verdict("2026-11-25T11:00:00+00:00"))
    assert not fetch_verdicts(tmp_path, store)
    assert (tmp_path / VERDICT).read_bytes() == newer


def test_the_sidecar_shares_what_it_profiled_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPP_PROFILE_STORE", str(tmp_path / "shared"))
    spool = Spool(tmp_path / "one" / SPOOL, Header("7", ("RM",), ("MEDV",)))
    spool.append(Served([[6.0]], [[20.0]]))
    spool.close()
    stopped = threading.Event()
    stopped.set()
    work(tmp_path / "one", stopped, read_settings())
    assert len(list((tmp_path / "shared").glob("v7/*/*.bin"))) == 1


def test_an_address_of_no_known_kind_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError, match="Wanted a folder") as caught:
        ProfileStore("ftp://user:secret@host/profiles")
    assert "HPP_PROFILE_STORE is 'ftp://…@host/profiles'" in caught.value.info
    assert "secret" not in caught.value.info.partition(":")[0]


def test_a_bucket_that_does_not_answer_is_told(bucket: str) -> None:
    with pytest.raises(StoreError, match="HPP_PROFILE_STORE"):
        ProfileStore(bucket.replace("s3://houses/", "s3://absent/")).write("v7/x.bin", b"")
