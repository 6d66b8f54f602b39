"""Predictions rebuilt from their receipts by the bundle that made them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from serving.model import HousePriceModel
from serving.records.rebuilding import replay
from serving.records.spool import SPOOL
from serving.replay import main
from serving.settings import Settings
from tests.serving_platform import MISSING, USED, ServingPlatform


@pytest.fixture
def served(serving_platform: ServingPlatform, serving_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """A receipt of two rows, one of a house and a changed number of rooms, on bundles of the test's own."""
    models = serving_settings.var_dir / "models"
    shutil.copytree(serving_settings.models_dir, models)
    monkeypatch.setenv("HPP_MODELS_DIR", str(models))
    model = HousePriceModel(serving_platform.bundles["1"], serving_settings)
    model.load()
    message = {"data": {"names": ["house_id", "RM"], "ndarray": [[17, 6.125], [MISSING, 7.5]]}}
    receipt: str = model.price(message)["meta"]["tags"]["receipt"]
    return receipt


def fault(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main([*arguments, "--json"]) == 1
    told: dict[str, object] = json.loads(capsys.readouterr().err)
    return told


def test_a_prediction_is_rebuilt_to_the_last_bit_and_shown_with_its_features(
    served: str, serving_platform: ServingPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([served, "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["identical"], second["identical"]) == (True, True)
    assert first["answered"] == first["rebuilt"]
    assert (first["model"], first["version"], first["house_id"], second["house_id"]) == ("house-price", "1", 17, 3)
    shown = {one["feature"]: one for one in first["features"]}
    assert shown["RM"]["value"] == 6.125
    assert shown["RM"]["event_time"] is None
    assert shown["LSTAT"]["value"] == serving_platform.frame.loc[17, "LSTAT"]
    assert shown["LSTAT"]["event_time"] is not None
    assert {one["feature"]: one["value"] for one in second["features"]}["CRIM"] is None


def test_the_table_names_every_feature_and_the_verdict(served: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([served, "--row", "1"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (*USED, "MEDV", "missing", "rebuilt: identical"))
    assert text.count("rebuilt:") == 1
    assert main([f"{served}/1"]) == 0
    assert capsys.readouterr().out == text


def test_a_bundle_that_is_gone_or_another_one_is_named(
    served: str, serving_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    models = serving_settings.var_dir / "models"
    shutil.rmtree(models / "v1")
    told = fault(capsys, served)
    assert told["reason"] == "NOT_REBUILT"
    assert "v1" in str(told["info"])
    (models / "v2").rename(models / "v1")
    told = fault(capsys, served)
    assert "other digests" in str(told["info"])


def test_a_bundle_file_that_was_changed_is_named(
    served: str, serving_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    from serving.bundle import SCALER

    (serving_settings.var_dir / "models" / "v1" / SCALER).write_bytes(b"{}")
    assert SCALER in str(fault(capsys, served)["info"])


def test_a_changed_receipt_an_unknown_one_and_an_unknown_row_end_with_one(
    served: str, serving_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fault(capsys, served, "--row", "2")["reason"] == "RECEIPT_NOT_FOUND"
    assert fault(capsys, served, "--row", "-1")["reason"] == "RECEIPT_NOT_FOUND"
    assert fault(capsys, "../../etc/passwd")["reason"] == "MALFORMED_RECEIPT"
    (path,) = (serving_settings.profiles_dir / SPOOL).iterdir()
    path.write_bytes(path.read_bytes().replace(b"6.125", b"6.126"))
    assert fault(capsys, served)["reason"] == "RECEIPT_ALTERED"
    path.unlink()
    assert fault(capsys, served)["reason"] == "RECEIPT_NOT_FOUND"


def test_a_price_that_the_bundle_does_not_give_is_told(
    served: str, serving_platform: ServingPlatform, serving_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    from serving.bundle import read_metadata
    from serving.records.receipts import Served, header_of
    from serving.records.spool import Spool

    spool = Spool(
        serving_settings.profiles_dir / SPOOL, header_of(read_metadata(serving_platform.bundles["1"]), ["MEDV"])
    )
    receipt = spool.append(Served([[5.0] * len(USED)], [[1.25]]))
    spool.close()
    assert main([receipt]) == 1
    assert "DIFFERENT" in capsys.readouterr().out


def test_a_thousand_receipts_of_two_workers_and_two_versions_are_rebuilt(
    serving_platform: ServingPlatform, serving_settings: Settings
) -> None:
    chance = np.random.default_rng(42)
    receipts: list[str] = []
    for version in ("1", "2", "1"):
        model = HousePriceModel(serving_platform.bundles[version], serving_settings)
        model.load()
        for number in range(334):
            count = 41 if number % 50 == 0 else 1
            rows = [[int(chance.integers(506)), float(chance.uniform(3, 9))] for _ in range(count)]
            names = ["house_id", "RM"]
            reply = model.price({"data": {"names": names, "ndarray": rows}})
            receipts.append(reply["meta"]["tags"]["receipt"])
    assert len(set(receipts)) == 1002
    spool, models = serving_settings.profiles_dir / SPOOL, serving_settings.models_dir
    replayed = [row for receipt in receipts for row in replay(receipt, Path(spool), models)]
    assert len(replayed) > 1800
    assert all(row.identical for row in replayed)
