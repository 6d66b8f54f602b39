"""A bundle is fetched whole, from each kind of place that there is, or not at all."""

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.bundle import METADATA, read_bundle
from serving.errors import BundleError
from serving.fetch import fetch, main
from tests.ports import free_port
from tests.serving_platform import ServingPlatform


@pytest.fixture
def bundle(serving_platform: ServingPlatform) -> Path:
    return serving_platform.bundles["1"]


def digest_of(bundle: Path) -> str:
    return hashlib.sha256((bundle / METADATA).read_bytes()).hexdigest()


def test_a_bundle_of_a_folder_is_copied_and_a_second_time_kept(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "models" / "v1"
    metadata = fetch(str(bundle), target, digest_of(bundle))
    assert (metadata.model_version, read_bundle(target)) == ("1", read_bundle(bundle))
    inode = target.stat().st_ino
    fetch("nowhere", target, digest_of(bundle))  # the container was started again
    assert target.stat().st_ino == inode


def test_another_bundle_than_the_deployed_one_is_refused_before_any_of_it_is_copied(
    bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="not the one that was deployed"):
        fetch(str(bundle), tmp_path / "v1", "0" * 64)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spoilt", ["model.ubj", "metadata.json"])
def test_a_changed_file_is_refused_and_leaves_nothing(bundle: Path, tmp_path: Path, spoilt: str) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "copy"))
    wanted = digest_of(copy)
    (copy / spoilt).write_bytes((copy / spoilt).read_bytes() + b" ")
    with pytest.raises(BundleError):
        fetch(str(copy), tmp_path / "models" / "v1", wanted)
    assert not (tmp_path / "models").exists() or list((tmp_path / "models").iterdir()) == []


def test_a_name_that_leads_out_of_the_folder_is_refused(bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / "copy"))
    metadata = json.loads((copy / METADATA).read_text())
    metadata["files"]["../../escaped"] = "0" * 64
    (copy / METADATA).write_text(json.dumps(metadata))
    with pytest.raises(BundleError, match=r"'\.\./\.\./escaped', which is outside"):
        fetch(str(copy), tmp_path / "models" / "v1", digest_of(copy))


def test_a_bundle_in_a_bucket_is_fetched_from_a_real_s3_server(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        address = "http://{}:{}".format(*server.get_host_and_port())
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        client.create_bucket(Bucket="mlflow")
        for path in bundle.iterdir():
            client.upload_file(str(path), "mlflow", f"1/run/artifacts/bundle/v1/{path.name}")
        main(["s3://mlflow/1/run/artifacts/bundle/v1", str(tmp_path / "v1"), "--sha256", digest_of(bundle)])
        assert read_bundle(tmp_path / "v1") == read_bundle(bundle)
        with pytest.raises(SystemExit, match=r"v2/metadata\.json cannot be read"):
            main(["s3://mlflow/1/run/artifacts/bundle/v2", str(tmp_path / "v2"), "--sha256", digest_of(bundle)])
    finally:
        server.stop()


@pytest.fixture
def artifacts(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the artifacts of MLflow's own server application, which has the bundle."""
    from mlflow.server import app
    from werkzeug.serving import make_server

    shutil.copytree(bundle, tmp_path / "store" / "1" / "run" / "artifacts" / "bundle" / "v1")
    monkeypatch.setenv("_MLFLOW_SERVER_SERVE_ARTIFACTS", "true")
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_DESTINATION", str(tmp_path / "store"))
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/2.0/mlflow-artifacts/artifacts"
    finally:
        server.shutdown()
        thread.join()


def test_a_bundle_is_fetched_through_a_real_mlflow_server(artifacts: str, bundle: Path, tmp_path: Path) -> None:
    metadata = fetch(f"{artifacts}/1/run/artifacts/bundle/v1", tmp_path / "models" / "v1", digest_of(bundle))
    assert metadata.model_version == "1"
    with pytest.raises(BundleError, match=r"/2/metadata\.json answers"):
        fetch(f"{artifacts}/2", tmp_path / "models" / "v2", digest_of(bundle))


def test_a_server_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.fetch.TRIES", 0)
    with pytest.raises(BundleError, match=r"http://127\.0\.0\.1:\d+/x does not answer"):
        fetch(f"http://127.0.0.1:{free_port()}/x", tmp_path / "v1", "0" * 64)
