"""The model bundle: the folder that training hands to serving, written whole or not at all, and checked when read."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from serving.errors import BundleError
from serving.files import whole_folder
from serving.pricing.ratios import Ratio, inputs_of

SCHEMA = 2
METADATA = "metadata.json"
MODEL = "model.ubj"
ONNX = "model.onnx"  # the same trees, for serving
SCALER = "scaler.json"
REFERENCE_PROFILE = "reference_profile.bin"
REFERENCE_ERRORS = "reference_errors.json"  # out of fold, for the monitoring
CARD, CARD_PAGE = "model_card.md", "model_card.html"
WITHOUT_PRICES = frozenset(
    {REFERENCE_PROFILE, REFERENCE_ERRORS, CARD, CARD_PAGE}
)  # no price depends on them; made anew they differ


class Scaler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A standard scaler as data: `(x - mean) / scale`, in the order of `features`; missing values stay missing."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]


class _OfSchema(msgspec.Struct):
    schema: int


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a bundle says of itself.

    Attributes:
        features: names of the columns, in training order.
        metrics: figures of quality by name; errors in the target's unit.
        files: SHA-256 digest in hexadecimal of every other file of the folder, by file name.
        created_at: the time of writing, ISO 8601, UTC.
        derived: how the derived ones of the features are computed, as it was when the model was trained.
    """

    schema: int
    model_name: str
    model_version: str
    experiment: str
    feature_service: str
    features: tuple[str, ...]
    target: str
    units: dict[str, str]
    metrics: dict[str, float]
    parameters: dict[str, float | int | str]
    mlflow_run_id: str
    zenml_run_id: str
    data_fingerprint: str
    git_commit: str
    created_at: str
    files: dict[str, str] = msgspec.field(default_factory=dict)
    derived: dict[str, Ratio] = msgspec.field(default_factory=dict)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The stored features that the model needs: its own in training order, then what its derived ones need."""
        return inputs_of(self.features, self.derived)


def digest(data: bytes) -> str:
    """The SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def deciding(files: Mapping[str, str]) -> dict[str, str]:
    """The digests of those of the files that a price may depend on, by name."""
    return {name: found for name, found in files.items() if name not in WITHOUT_PRICES}


def write_bundle(folder: Path, metadata: Metadata, files: Mapping[str, bytes]) -> Metadata:
    """The metadata as it was written, with the digests of the files.

    The folder appears whole, under its name, or not at all.

    Args:
        folder: a folder that does not exist yet.

    Raises:
        BundleError: the folder exists already.
    """
    if folder.exists():
        raise BundleError(f"The bundle {folder} exists already; a version is written once.")
    metadata = msgspec.structs.replace(metadata, files={name: digest(data) for name, data in files.items()})
    document = msgspec.json.format(msgspec.json.encode(metadata), indent=2)
    with whole_folder(folder) as unfinished:
        for name, data in {**files, METADATA: document}.items():
            (unfinished / name).write_bytes(data)
    return metadata


def read_metadata(folder: Path) -> Metadata:
    """What the bundle says of itself, before its files are checked.

    Raises:
        BundleError: there is no metadata, or it is not of this schema.
    """
    try:
        data = (folder / METADATA).read_bytes()
        schema = msgspec.json.decode(data, type=_OfSchema).schema
        if schema != SCHEMA:
            raise BundleError(f"{folder} is a bundle of schema {schema}; wanted {SCHEMA}. Train and register again.")
        return msgspec.json.decode(data, type=Metadata)
    except FileNotFoundError as err:
        raise BundleError(
            f"{folder} is no model bundle: {METADATA} is missing. Train and register a model first."
        ) from err
    except msgspec.DecodeError as err:
        raise BundleError(
            f"{folder / METADATA} is not what a bundle's metadata must be: {err}. Register again."
        ) from err


def read_bundle(folder: Path) -> tuple[Metadata, dict[str, bytes]]:
    """The metadata and the contents of the files, every digest checked.

    Raises:
        BundleError: a file is missing, or is not what its digest says.
    """
    metadata = read_metadata(folder)
    files = {}
    for name, wanted in metadata.files.items():
        if Path(name).name != name:
            raise BundleError(f"{folder / METADATA} names the file {name!r}, which is outside the bundle.")
        try:
            files[name] = (folder / name).read_bytes()
        except FileNotFoundError as err:
            raise BundleError(f"The bundle {folder} lacks its file {name}. Register again.") from err
        if (found := digest(files[name])) != wanted:
            raise BundleError(f"{folder / name} was changed: its SHA-256 is {found}, not {wanted}. Register again.")
    return metadata, files


def read_scaler(data: bytes) -> Scaler:
    """The scaler in the bundle's file.

    Raises:
        BundleError: it is not of the schema.
    """
    try:
        return msgspec.json.decode(data, type=Scaler)
    except msgspec.DecodeError as err:
        raise BundleError(f"{SCALER} is not what a scaler must be: {err}. Register again.") from err
