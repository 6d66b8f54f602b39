"""The model of a bundle as a function."""

import msgspec
import numpy as np
import pytest

from serving.bundle import ONNX, SCALER, Metadata, read_bundle
from serving.errors import BundleError
from serving.pricing.predictor import Predictor
from tests.serving_platform import USED, ServingPlatform, offline_prices


@pytest.fixture
def parts(serving_platform: ServingPlatform) -> tuple[Metadata, dict[str, bytes]]:
    return read_bundle(serving_platform.bundles["1"])


def test_prices_are_those_of_xgboost_after_scaling(
    parts: tuple[Metadata, dict[str, bytes]], serving_platform: ServingPlatform
) -> None:
    raw = serving_platform.frame[list(USED)].to_numpy(dtype=np.float64)
    expected = offline_prices(serving_platform.bundles["1"], serving_platform.frame)
    assert Predictor(*parts).predict(raw).tolist() == expected


@pytest.mark.parametrize("name", [ONNX, SCALER])
def test_a_bundle_without_one_of_its_parts_is_refused(parts: tuple[Metadata, dict[str, bytes]], name: str) -> None:
    metadata, files = parts
    with pytest.raises(BundleError, match=f"has no {name}"):
        Predictor(metadata, {key: data for key, data in files.items() if key != name})


def test_what_is_no_model_is_refused(parts: tuple[Metadata, dict[str, bytes]]) -> None:
    metadata, files = parts
    with pytest.raises(BundleError, match="is no ONNX model"):
        Predictor(metadata, {**files, ONNX: b"{}"})


def test_a_scaler_for_other_features_is_refused(parts: tuple[Metadata, dict[str, bytes]]) -> None:
    metadata, files = parts
    scaler = msgspec.json.decode(files[SCALER])
    scaler["features"] = list(reversed(scaler["features"]))
    with pytest.raises(BundleError, match="scaler is for"):
        Predictor(metadata, {**files, SCALER: msgspec.json.encode(scaler)})


def test_a_model_of_another_width_is_refused(parts: tuple[Metadata, dict[str, bytes]]) -> None:
    metadata, files = parts
    scaler = {name: value[:9] for name, value in msgspec.json.decode(files[SCALER]).items()}
    with pytest.raises(BundleError, match="takes 10 features, the metadata names 9"):
        Predictor(
            msgspec.structs.replace(metadata, features=metadata.features[:9]),
            {**files, SCALER: msgspec.json.encode(scaler)},
        )
