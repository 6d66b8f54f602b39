"""The sources of houses: package, file, web address, Kaggle."""

import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from steps.core.errors import ConfigurationError, DataError
from steps.core.fingerprint import fingerprint
from steps.data.sources import Source, _only_file, read_houses
from tests.houses import COLUMNS, FINGERPRINT, boston, csv_source, parameters


class Pages(BaseHTTPRequestHandler):
    """Serves the houses under /houses.csv and nothing else."""

    content: ClassVar[bytes] = boston().to_csv(index=False).encode()

    def do_GET(self) -> None:
        """Answer the houses, or that there are none."""
        self.send_response(200 if self.path == "/houses.csv" else 404)
        self.end_headers()
        if self.path == "/houses.csv":
            self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name for it
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_the_package_holds_the_known_data() -> None:
    assert fingerprint(read_houses(Source(**parameters()["source"]), COLUMNS)) == FINGERPRINT


def test_a_package_with_other_values_is_refused() -> None:
    source = Source(**{**parameters()["source"], "package_fingerprint": "0" * 64})
    with pytest.raises(DataError, match=f"{FINGERPRINT}, wanted 0000"):
        read_houses(source, COLUMNS)


def test_a_feature_that_the_package_lacks_is_named() -> None:
    with pytest.raises(DataError, match="missing: 'GARDEN'"):
        read_houses(Source(**parameters()["source"]), [*COLUMNS, "GARDEN"])


def test_a_web_address_gives_the_same_houses_as_a_file(address: str, tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_bytes(Pages.content)
    for place in (f"{address}/houses.csv", tmp_path / "houses.csv"):
        assert fingerprint(read_houses(csv_source(place), COLUMNS)) == FINGERPRINT


def test_a_web_address_that_has_no_file_is_named_with_its_answer(address: str) -> None:
    with pytest.raises(DataError, match=r"/other\.csv answered 404"):
        read_houses(csv_source(f"{address}/other.csv"), COLUMNS)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9.*cannot be reached"):
        read_houses(csv_source("http://127.0.0.1:9/houses.csv", timeout_seconds=2), COLUMNS)


def test_what_is_larger_than_allowed_is_refused(address: str, tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_bytes(Pages.content)
    for place in (f"{address}/houses.csv", tmp_path / "houses.csv"):
        with pytest.raises(DataError, match=r"larger than 0\.01 MB"):
            read_houses(csv_source(place, max_megabytes=0.01), COLUMNS)


def test_a_csv_source_without_a_path_is_no_usable_setting() -> None:
    with pytest.raises(ConfigurationError, match="`path`"):
        read_houses(csv_source(""), COLUMNS)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_houses(csv_source(tmp_path / ("x" * 300)), COLUMNS)


def test_kaggle_without_credentials_says_where_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"kaggle\.com/settings"):
        read_houses(Source(**{**parameters()["source"], "kind": "kaggle"}), COLUMNS)


def test_kaggle_that_refuses_says_what_it_said_and_where_to_get_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN", raising=False)
    for name, value in {"KAGGLE_USERNAME": "nobody", "KAGGLE_KEY": "none", "KAGGLE_CONFIG_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # no reach, on every machine
    with pytest.raises(DataError, match=r"did not give HousingData\.csv of altavish/boston-housing-dataset"):
        read_houses(Source(**{**parameters()["source"], "kind": "kaggle"}), COLUMNS)


def test_what_kaggle_zipped_is_unpacked(tmp_path: Path) -> None:
    source = Source(**parameters()["source"])
    with zipfile.ZipFile(tmp_path / "HousingData.csv.zip", "w") as archive:
        archive.writestr("HousingData.csv", "RM,MEDV\n")
    assert _only_file(tmp_path, source) == b"RM,MEDV\n"
