"""A listing that is pushed while the service runs."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.service import start
from serving.settings import Settings, read_settings
from tests.serving.conftest import Client
from tests.serving_platform import ServingPlatform, copy_online_store

PATIENCE_S = 20  # of which a busy machine may need some: the look-up cache keeps a house for one second


def test_a_listing_that_is_pushed_is_priced_by_its_number_and_a_changed_one_anew(
    serving_platform: ServingPlatform, serving_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copy_online_store(serving_platform, tmp_path / "online.db")
    shutil.copytree(serving_platform.var / "feast" / "offline", tmp_path / "offline")
    monkeypatch.setenv(
        "HPP_ONLINE_STORE", f'{{type: serving.online.sqlite_rows.SqliteRowsOnlineStore, path: "{copy}"}}'
    )
    monkeypatch.setenv("HPP_OFFLINE_DIR", str(tmp_path / "offline"))
    client = Client(start(serving_platform.bundles["1"], read_settings()), serving_platform.key)
    listing = serving_platform.frame.drop(columns=["house_id", "MEDV"]).loc[3].to_dict()
    assert client.post(by_id(506)).status == 404
    assert push(listing | {"RM": 4.0}) == "house 506: stored, and is served\n"
    first = price(client, 506)
    assert push(listing | {"RM": 4.0}) == "house 506: was stored already, and is served\n"
    assert push({"house_id": 506} | listing | {"RM": 8.5}) == "house 506: stored, and is served\n"
    end = time.monotonic() + PATIENCE_S
    while (second := price(client, 506)) == first:
        assert time.monotonic() < end, "the changed listing is not served"
        time.sleep(0.1)
    assert second > first


def by_id(house: int) -> dict[str, object]:
    return {"data": {"names": ["house_id"], "ndarray": [[house]]}}


def price(client: Client, house: int) -> float:
    reply = client.post(by_id(house))
    assert reply.status == 200, reply.body
    value: float = json.loads(reply.body)["data"]["ndarray"][0][0]
    return value


def push(listing: dict[str, float]) -> str:
    """What the command says."""
    command = [sys.executable, "-m", "steps.push_listing", "-"]
    done = subprocess.run(command, input=json.dumps(listing), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
