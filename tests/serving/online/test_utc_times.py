"""Event times between processes in different time zones."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.settings import read_settings
from steps.feature_store.definitions import apply_definitions

# An hour that does not exist on New York's clocks, and one that its clocks show twice.
TIMES = [
    datetime(2026, 3, 8, 2, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 1, 30, tzinfo=UTC),
    datetime(2026, 7, 1, tzinfo=UTC),
]
WRITE = """
import pandas as pd, sys, json
from serving.settings import read_settings
times = pd.to_datetime(json.loads(sys.argv[1]), utc=True)
rows = pd.DataFrame({"house_id": [0, 1, 2], "event_timestamp": times, "created_timestamp": times})
store = read_settings().feature_store()
names = [field.name for field in store.get_feature_view("house_features").features]
store.write_to_online_store("house_features", rows.assign(**dict.fromkeys(names, 1.0)))
"""
READ = """
import json
from serving.online.lookup import FeatureLookup
from serving.settings import read_settings
found = FeatureLookup(read_settings().feature_store, "house_price_features", ["RM"], 1, expired="flag").find([0, 1, 2])
print(json.dumps(found.event_times))
"""


def run(zone: str, *arguments: str) -> str:
    environment = {**os.environ, "TZ": zone}
    done = subprocess.run(
        [sys.executable, "-c", *arguments], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_a_server_in_another_zone_than_the_materializer_reads_the_times_that_were_written(
    platform_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPP_ONLINE_STORE", f'{{type: sqlite, path: "{platform_dir}/feast/online.db"}}')
    apply_definitions(read_settings())
    run("America/New_York", WRITE, json.dumps([moment.isoformat() for moment in TIMES]))
    assert json.loads(run("Asia/Tokyo", READ)) == [moment.timestamp() for moment in TIMES]
