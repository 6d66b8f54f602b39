"""Where houses come from: the packaged data set, a file, a web address, Kaggle."""

import contextlib
import io
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from steps.core.errors import ConfigurationError, DataError
from steps.core.fingerprint import fingerprint
from steps.core.houses import arrange, decode, parse

PACKAGE_FEATURES = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")
CREDENTIALS = (
    "Make a token at https://www.kaggle.com/settings and put it into KAGGLE_API_TOKEN, or into KAGGLE_USERNAME and "
    "KAGGLE_KEY, or save kaggle.json in ~/.kaggle; or use `kind: package` in zenml_config/features.yaml."
)


class Source(BaseModel):
    """Where the houses come from.

    Attributes:
        kind: which of the following is used.
        path: for `csv`: a file, or an http(s) address.
        dataset, file: for `kaggle`: owner/name, and the file's name in it.
        package_fingerprint: for `package`: what the packaged data must be.
        max_megabytes: the largest file that is read.
        timeout_seconds: how long a web server may be silent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["package", "csv", "kaggle"]
    path: str | None
    dataset: str
    file: str
    package_fingerprint: str
    max_megabytes: float = Field(gt=0)
    timeout_seconds: float = Field(gt=0)

    @property
    def max_bytes(self) -> int:
        """The largest file that is read, in bytes."""
        return int(self.max_megabytes * 1_000_000)

    @property
    def origin(self) -> str:
        """The source in words."""
        return {"package": "mlxtend's Boston data", "csv": str(self.path), "kaggle": f"kaggle:{self.dataset}"}[
            self.kind
        ]


def read_houses(source: Source, columns: Sequence[str]) -> pd.DataFrame:
    """The houses of a source: `house_id` (int64) and the columns (float64), in the order that is asked for.

    Raises:
        ConfigurationError: the source is not usable as it is set.
        DataError: what it holds are no houses.
    """
    if source.kind == "package":
        return read_package(source, columns)
    data = read_csv_bytes(source) if source.kind == "csv" else read_kaggle(source)
    return parse(decode(data, source.origin), columns, source.origin)


def read_package(source: Source, columns: Sequence[str]) -> pd.DataFrame:
    """The 506 houses of 1970 that mlxtend ships.

    Raises:
        DataError: the package holds other data than it did.
    """
    from mlxtend.data import boston_housing_data

    X, y = boston_housing_data()
    table = pd.DataFrame(X, columns=list(PACKAGE_FEATURES)).assign(MEDV=y)
    if (found := fingerprint(table)) != source.package_fingerprint:
        raise DataError(
            f"{source.origin} has the fingerprint {found}, wanted {source.package_fingerprint}: the installed mlxtend "
            "ships other values. Run `uv sync`, or check them and put the new fingerprint into "
            "zenml_config/features.yaml."
        )
    return arrange(table, columns, source.origin)


def read_csv_bytes(source: Source) -> bytes:
    """The content of the file or web address.

    Raises:
        ConfigurationError: no path is given.
        DataError: it is not there, is no file, or is too large.
    """
    if not source.path:
        raise ConfigurationError(
            "`kind: csv` needs a `path` (a file or an http(s) address) in zenml_config/features.yaml."
        )
    if source.path.startswith(("http://", "https://")):
        return _download(source.path, source)
    path = Path(source.path).expanduser()
    try:
        with path.open("rb") as file:
            return _bounded(file.read(source.max_bytes + 1), source)
    except IsADirectoryError as err:
        raise DataError(f"{path} is a directory. Wanted one CSV file: give its path.") from err
    except FileNotFoundError as err:
        raise DataError(f"{path} does not exist (looked in {Path.cwd()}). Wanted the path of a CSV file.") from err
    except OSError as err:
        raise DataError(f"{path} cannot be read: {err.strerror}. Wanted a readable CSV file.") from err


def read_kaggle(source: Source) -> bytes:
    """The file of the Kaggle data set, by Kaggle's own client.

    Raises:
        ConfigurationError: there are no credentials, or Kaggle refuses them.
        DataError: the file cannot be had.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints a screen of help, even when it is imported
                from kaggle.api.kaggle_api_extended import KaggleApi

                client = KaggleApi()
                client.authenticate()
                client.dataset_download_file(source.dataset, source.file, path=folder, force=True, quiet=True)
        except SystemExit as err:  # the client ends the process when it finds no credentials
            raise ConfigurationError(
                f"Kaggle's client found no credentials that Kaggle accepts, or cannot reach Kaggle. {CREDENTIALS}"
            ) from err
        except Exception as err:
            raise DataError(f"Kaggle did not give {source.file} of {source.dataset}: {err}. {CREDENTIALS}") from err
        return _bounded(_only_file(Path(folder), source), source)


def _only_file(folder: Path, source: Source) -> bytes:
    """The content of what was downloaded, which Kaggle may have zipped."""
    path = next(folder.iterdir())
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive, archive.open(source.file) as file:
        return file.read(source.max_bytes + 1)


def _download(address: str, source: Source) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=source.timeout_seconds) as reply:  # noqa: S310  # http(s) only
            return _bounded(reply.read(source.max_bytes + 1), source)
    except urllib.error.HTTPError as err:
        raise DataError(f"{address} answered {err.code} {err.reason}. Check the address in a browser.") from err
    except (OSError, ValueError) as err:
        raise DataError(f"{address} cannot be reached: {err}. Check the address and the network.") from err


def _bounded(data: bytes, source: Source) -> bytes:
    if len(data) > source.max_bytes:
        raise DataError(
            f"{source.origin} is larger than {source.max_megabytes:g} MB. Raise `max_megabytes` in "
            "zenml_config/features.yaml if that is meant."
        )
    return data
