"""The versions whose bundles are here."""

import shutil
from pathlib import Path

import pytest

from serving.protocol.front import Front
from serving.records.versions import read_versions
from tests.serving.protocol.test_front import call
from tests.serving_platform import ServingPlatform


def test_each_version_is_told_with_its_figures_and_a_damaged_bundle_is_left_out(
    serving_platform: ServingPlatform, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    assert read_versions(models) == ()
    shutil.copytree(serving_platform.bundles["1"], models / "v1")
    (models / "v9").mkdir()
    (models / "v9" / "metadata.json").write_text("{")
    (found,) = read_versions(models)
    assert (found.version, found.experiment) == ("1", "test")
    assert found.metrics == {"test_rmse": 2.5, "cv_mae": pytest.approx(2.24, abs=0.01)}
    shutil.copytree(serving_platform.bundles["2"], models / "v2")
    assert {one.version for one in read_versions(models)} == {"1", "2"}


def test_the_service_answers_them_with_the_one_that_serves(front: Front) -> None:
    told = call(front, "GET", "/versions", media_type=None).json
    assert told["serving"] == "1"
    assert {one["version"] for one in told["versions"]} == {"1", "2"}
